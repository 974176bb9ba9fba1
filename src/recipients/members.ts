import type { Application, BrokenApplication } from '../fleet/applications.ts';
import { selects } from '../fleet/keys/selector.ts';
import { byCodeUnit } from '../lib/text/by-code-unit.ts';
import type { FleetDocument, RecipientGroup, SiteDocument } from '../model/fleet.ts';

/** An app, and the sites that run it. */
export interface AppMembers {
  app: string;
  /** The public keys of each site that names some; sorted. */
  keys: Map<string, string[]>;
  /** The sites that name none, so that they cannot read its files. */
  silent: string[];
  group: RecipientGroup | undefined;
}

/** The readers of each app's files, by where it runs. An Application that cannot be read is left out. */
export const membersOf = (
  { recipientGroups }: Pick<FleetDocument, 'recipientGroups'>,
  applications: readonly (Application | BrokenApplication)[],
  sites: readonly SiteDocument[],
): AppMembers[] =>
  applications.flatMap((application) => {
    if ('problems' in application) return [];
    const { name, placement } = application.app;
    const chosen = sites.filter((site) => selects(placement, site));
    return {
      app: name,
      keys: keysOf(chosen),
      silent: chosen.filter(({ recipients = [] }) => recipients.length === 0).map((site) => site.name),
      group: recipientGroups.find(({ apps }) => apps.some((each) => each.name === name)),
    };
  });

function keysOf(sites: readonly SiteDocument[]): Map<string, string[]> {
  const sorted = sites.toSorted((a, b) => byCodeUnit(a.name, b.name));
  return new Map(
    sorted.flatMap(({ name, recipients = [] }) => (recipients.length > 0 ? [[name, [...recipients].sort()]] : [])),
  );
}

/** The sites of a group, each with its public keys: those that run at least one of its apps. */
export function sitesOf(group: RecipientGroup, members: readonly AppMembers[]): Map<string, string[]> {
  const all = members.filter((each) => each.group?.name === group.name).flatMap(({ keys }) => [...keys]);
  return new Map(all.sort(([a], [b]) => byCodeUnit(a, b)));
}
