import type { Problem } from '../../lib/errors.ts';
import type { SiteDocument } from '../../model/fleet.ts';
import type { SiteWindows, SyncWindow } from '../../model/sync-window.ts';
import type { YamlNode } from '../../yaml/node.ts';
import { below, flag, items, text } from '../values/values.ts';

/** The windows of a document, as its schema has checked them; undefined: it has none. */
export function syncWindowsOf(root: YamlNode): SyncWindow[] | undefined {
  const windows = windowNodes(root).map((node): SyncWindow => {
    const timeZone = text(below(node, 'timeZone'));
    return {
      kind: text(below(node, 'kind')) === 'deny' ? 'deny' : 'allow',
      ...valuesOf(node),
      ...(timeZone !== undefined && { timeZone }),
      ...(flag(below(node, 'manualSync')) && { manualSync: true }),
      ...(flag(below(node, 'requireContact')) && { requireContact: true }),
      at: node.at,
    };
  });
  return windows.length > 0 ? windows : undefined;
}

/** The answer of windows at an unknown time; undefined: the document does not say. */
export function onUnknownTimeOf(root: YamlNode): SiteWindows['onUnknownTime'] | undefined {
  const found = text(below(root, 'spec', 'onUnknownTime'));
  return found === 'open' || found === 'closed' ? found : undefined;
}

/** The windows that all apps of a site have; undefined: nothing is said of any. */
export function siteWindowsOf(
  fleet: Partial<Pick<SiteDocument, 'syncWindows' | 'onUnknownTime'>>,
  site: Partial<Pick<SiteDocument, 'syncWindows' | 'onUnknownTime' | 'timeZone'>>,
): SiteWindows | undefined {
  const onUnknownTime = site.onUnknownTime ?? fleet.onUnknownTime;
  if (!fleet.syncWindows && !site.syncWindows && site.timeZone === undefined && onUnknownTime === undefined)
    return undefined;
  return {
    fleet: fleet.syncWindows ?? [],
    site: site.syncWindows ?? [],
    timeZone: site.timeZone ?? 'UTC',
    onUnknownTime: onUnknownTime ?? 'closed',
  };
}

/** The problems of the windows and the time zone of a document, each with its place. Values that the schema refuses are left to it. */
export async function syncWindowProblems(root: YamlNode): Promise<Problem[]> {
  const windows = windowNodes(root).filter((node) => node.kind === 'mapping');
  const zone = below(root, 'spec', 'timeZone');
  // Most documents have neither, and then nothing is loaded.
  if (windows.length === 0 && zone === undefined) return [];
  const { windowProblems, zoneProblem } = await import('../../windows/check.ts');
  const problems: Problem[] = [];
  const zoneName = text(zone);
  const wrong = zoneName === undefined ? undefined : zoneProblem(zoneName);
  if (zone && wrong) problems.push({ at: zone.at, ...wrong });
  for (const node of windows) {
    if (text(below(node, 'schedule')) === undefined || text(below(node, 'duration')) === undefined) continue;
    const timeZone = text(below(node, 'timeZone'));
    for (const { field, message, hint } of await windowProblems({
      ...valuesOf(node),
      ...(timeZone !== undefined && { timeZone }),
    }))
      problems.push({ at: below(node, field)?.at ?? node.at, message, hint });
  }
  return problems;
}

const windowNodes = (root: YamlNode): YamlNode[] => items(below(root, 'spec', 'syncWindows'));

const valuesOf = (node: YamlNode): Pick<SyncWindow, 'schedule' | 'duration'> => ({
  schedule: text(below(node, 'schedule')) ?? '',
  duration: text(below(node, 'duration')) ?? '',
});
