import { siteFacts } from '../../fleet/facts/facts.ts';
import { type AskKnown, knownApps } from '../../fleet/facts/known-site.ts';
import { type RecordedFacts, recordedHost } from '../../host/recorded-facts.ts';
import { lookFor } from '../../host/required-things.ts';
import { line } from '../../lib/text/line.ts';
import type { Requires } from '../../model/requirement.ts';
import { parkedText } from '../../plan/facts/policy.ts';
import { errorPalette, printError } from '../output/terminal.ts';
import { siteFiles } from './site-files.ts';

/** Asks the files of a folder for the facts of sites; undefined without a folder. */
export function knownSites(dir: string | undefined): AskKnown | undefined {
  if (dir === undefined) return undefined;
  const recorded = siteFiles<RecordedFacts>(dir, 'Facts');
  return async (site) => {
    const found = await recorded(site);
    if (!found) return undefined;
    const host = recordedHost(found);
    return { facts: siteFacts(found), look: (requires) => lookFor(requires, host, found) };
  };
}

/** Says which of these apps the site parks, on standard error. */
export async function tellParked(
  known: AskKnown | undefined,
  site: string,
  apps: readonly { name: string; requires?: Requires | undefined }[],
): Promise<void> {
  const found = await known?.(site);
  if (!found) return;
  for (const [app, parking] of (await knownApps(found, apps)).parked)
    printError(line`${errorPalette().change('warning:')} ${parkedText(app, parking)}`);
}
