import { outsideValues } from '../../../compose/private-values/outside-values.ts';
import { readSelector } from '../../../fleet/keys/read-selector.ts';
import { compareFleet } from '../../../impact/compare-fleet.ts';
import { imagesToSize } from '../../../impact/costs/sizes.ts';
import type { Observation } from '../../../impact/observed/observation.ts';
import { impactJson } from '../../../impact/print/json.ts';
import { impactMarkdown } from '../../../impact/print/markdown.ts';
import { type ImpactReport, totalsOf } from '../../../impact/print/report.ts';
import { impactText } from '../../../impact/print/text.ts';
import { rewrittenGroup } from '../../../impact/rewrite.ts';
import { systemClock } from '../../../lib/clock.ts';
import { InputError } from '../../../lib/errors.ts';
import { placeholderOf } from '../../../plan/unknown-values.ts';
import { EXIT } from '../../exit.ts';
import type { DesiredOptions } from '../../options/desired-options.ts';
import { createProgress } from '../../output/progress.ts';
import { palette, print, printJson, printMarkdown } from '../../output/terminal.ts';
import { compileOptions } from '../../repo/desired.ts';
import { imageSizes } from '../../repo/image-sizes.ts';
import { knownSites } from '../../repo/known-sites.ts';
import { fleetPolicy } from '../../repo/policy-file.ts';
import { WORKTREE, withFleetSides } from '../../repo/sides/fleet-sides.ts';
import { siteFiles } from '../../repo/site-files.ts';

export interface FleetDiffOptions extends DesiredOptions {
  from?: string | undefined;
  to?: string | undefined;
  selector?: string | undefined;
  app: readonly string[];
  policy?: string | undefined;
  strict: boolean;
  actual?: string | undefined;
  facts?: string | undefined;
  sizes: boolean;
  output: 'text' | 'json' | 'markdown';
}

/** `holdfast diff --fleet`: what a change does to every site. Gives the exit code of `diff`. */
export async function diffFleet(folder: string, options: FleetDiffOptions): Promise<number> {
  if (options.repo !== undefined)
    throw InputError.of(
      '--fleet compares two revisions of a clone, so it does not go with --repo',
      'clone the repo, and name its folder',
    );
  const outside = outsideValues();
  const placeholders = new Set<string>();
  const onPlaceholder = (name: string): void => void placeholders.add(placeholderOf(name));
  const observe = options.actual === undefined ? undefined : siteFiles<Observation>(options.actual, 'Observation');
  const known = knownSites(options.facts);
  const compile = {
    ...(await compileOptions(options, { placeholders: true })),
    onOutside: outside.heard,
    onPlaceholder,
  };
  const narrowing = {
    sites: options.site === undefined ? undefined : [options.site],
    selector: options.selector === undefined ? undefined : readSelector(options.selector),
    apps: options.app.length > 0 ? options.app : undefined,
  };
  const policy = await fleetPolicy(options, outside.hide);
  const sides = { from: options.from ?? 'HEAD', to: options.to ?? WORKTREE, path: options.path, compile, policy };
  using progress = createProgress();
  const report = await withFleetSides(folder, sides, async ({ from, to, names, earlier }): Promise<ImpactReport> => {
    const onSite = (done: number, all: number): void => progress.tell(`${done} of ${all} sites`);
    const now = systemClock.wall().getTime();
    const compared = await compareFleet(from, to, narrowing, { observe, placeholders, earlier, known, now, onSite });
    if (compared.sites === 0) throw InputError.of(`no site of ${names.to} or ${names.from} is selected`);
    const groups = compared.groups.map((group) => ({ ...group, impact: rewrittenGroup(group.impact, outside.hide) }));
    const costs = groups.flatMap(({ impact }) => ('impact' in impact ? [impact.impact.costs] : []));
    const sizes = options.sizes ? await imageSizes(imagesToSize(costs)) : undefined;
    return { ...names, ...compared, groups, sizes };
  });
  progress.end();
  if (options.output === 'json') printJson(impactJson(report));
  else if (options.output === 'markdown') printMarkdown(impactMarkdown(report));
  else print(impactText(report, palette()));
  return exitCodeOf(report, options.strict);
}

function exitCodeOf(report: ImpactReport, strict: boolean): number {
  const { refused, changed } = totalsOf(report);
  const isUnknown = report.groups.some(({ impact }) => impact.kind === 'unknown');
  if (refused > 0 || (strict && isUnknown)) return EXIT.input;
  return changed > 0 ? EXIT.differences : EXIT.ok;
}
