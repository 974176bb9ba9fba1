import { isUnwell } from '../../agent/status/verdict.ts';
import { InputError } from '../../lib/errors.ts';
import { didYouMean } from '../../lib/text/did-you-mean.ts';
import type { SiteStatus } from '../../model/status/site-status.ts';
import { EXIT } from '../exit.ts';

/** Throws InputError if the site has no such app. */
export function requireApp({ site, apps }: SiteStatus, app: string | undefined): void {
  if (app === undefined || apps.some((each) => each.app === app)) return;
  const near = didYouMean(
    app,
    apps.map((each) => each.app),
  );
  throw InputError.of(`${site} has no app ${app}`, near && `did you mean ${near}?`);
}

/** The exit code that says if the site, or one app of it, is well. */
export const codeOf = ({ verdict, apps }: SiteStatus, app: string | undefined): number => {
  if (app === undefined) return verdict.is === 'unwell' ? EXIT.failed : EXIT.ok;
  const found = apps.find((each) => each.app === app);
  return found && isUnwell(found) ? EXIT.failed : EXIT.ok;
};
