import { selects } from '../fleet/selector.ts';
import type { LabelSelector } from '../model/fleet.ts';
import { createFleetImpact, type SiteSide } from './fleet-impact.ts';
import type { ImpactGroup } from './impact.ts';
import type { Side } from './read-side.ts';

/** The sites and apps that a person asks for. Absent: all. */
export interface Narrowing {
  sites?: readonly string[] | undefined;
  selector?: LabelSelector | undefined;
  apps?: readonly string[] | undefined;
}

export interface Compared {
  groups: ImpactGroup[];
  /** The number of sites that were compared. */
  sites: number;
}

/** The number of sites that are read at once, so that reading and compiling overlap. */
const AT_ONCE = 64;

/** Compares two revisions site by site. `onSite` is told the number of sites that are done. Throws SourceError. */
export async function compareFleet(
  from: Side,
  to: Side,
  narrowing: Narrowing = {},
  onSite: (done: number, all: number) => void = () => {},
): Promise<Compared> {
  const impact = createFleetImpact(narrowing.apps);
  const [before, after] = [new Set(from.names), new Set(to.names)];
  const names = await chosen([...new Set([...from.names, ...to.names])].sort(), after, from, to, narrowing);
  const read = async (name: string): Promise<[SiteSide | undefined, SiteSide | undefined]> => {
    // The new side first: what it has in common with the old one is not read again from Git.
    const next = after.has(name) ? await to.read(name) : undefined;
    return [before.has(name) ? await from.read(name) : undefined, next];
  };
  for (let first = 0; first < names.length; first += AT_ONCE) {
    const batch = names.slice(first, first + AT_ONCE);
    const sides = await Promise.all(batch.map(read));
    for (const [index, name] of batch.entries()) impact.add(name, ...(sides[index] as (typeof sides)[number]));
    onSite(first + batch.length, names.length);
  }
  return { groups: impact.groups(), sites: names.length };
}

async function chosen(
  names: readonly string[],
  after: ReadonlySet<string>,
  from: Side,
  to: Side,
  { sites, selector }: Narrowing,
): Promise<string[]> {
  const named = sites ? names.filter((name) => sites.includes(name)) : [...names];
  if (!selector) return named;
  const isSelected = async (name: string): Promise<boolean> => {
    const labels = await (after.has(name) ? to : from).labels(name);
    return labels !== undefined && selects(selector, { name, labels });
  };
  const selected = await Promise.all(named.map(isSelected));
  return named.filter((_, index) => selected[index]);
}
