import type { CompiledSite } from '../compose/compile-fleet.ts';
import type { AskKnown } from '../fleet/facts/known-site.ts';
import { selects } from '../fleet/keys/selector.ts';
import type { LabelSelector } from '../model/fleet.ts';
import { type Behind, createBehindCount, type Earlier } from './behind.ts';
import { createFleetImpact, type SiteSide } from './fleet-impact.ts';
import type { ImpactGroup } from './impact.ts';
import type { Observation } from './observed/observation.ts';
import { createOpenings } from './openings.ts';
import { desiredApps, type Side } from './read-side.ts';

/** The sites and apps that a person asks for. Absent: all. */
export interface Narrowing {
  sites?: readonly string[] | undefined;
  selector?: LabelSelector | undefined;
  apps?: readonly string[] | undefined;
}

/** Gives the observation of a site; undefined where there is none. */
export type Observe = (site: string) => Promise<Observation | undefined>;

interface CompareOptions {
  /** Sites run what was observed, and not what the old revision says. A site without an observation is not known. */
  observe?: Observe | undefined;
  /** With `observe`: the placeholders of compiled texts, which may grow while sites are compiled. */
  placeholders?: ReadonlySet<string>;
  /** Without `observe`: tells which sites may still run an older version. */
  earlier?: Earlier | undefined;
  /** Tells the facts of sites. Absent: they are not known. */
  known?: AskKnown | undefined;
  /** The time of the command, in milliseconds since 1970. Absent: nothing is told of sync windows. */
  now?: number | undefined;
  /** Told the number of sites that are done. */
  onSite?: (done: number, all: number) => void;
}

export interface Compared {
  groups: ImpactGroup[];
  /** The number of sites that were compared. */
  sites: number;
  /** Absent: none is, as far as Git tells. */
  behind?: Behind | undefined;
  /** The number of sites with apps that require something, whose facts were asked for and are not known. */
  withoutFacts: number;
  /** The number of sites whose observations leave out values or contents that Git has: these are not compared with what runs. */
  notCompared: number;
}

/** The number of sites that are read at once, so that reading and compiling overlap. */
const AT_ONCE = 64;

const NOT_OBSERVED: SiteSide = { kind: 'unknown', why: 'there is no observation of it' };

/** Compares two revisions site by site. Throws SourceError, and InputError for an observation that cannot be read. */
export async function compareFleet(
  from: Side,
  to: Side,
  narrowing: Narrowing = {},
  { observe, placeholders, earlier, known, now, onSite }: CompareOptions = {},
): Promise<Compared> {
  const impact = createFleetImpact({ apps: narrowing.apps, placeholders });
  const behind = earlier && !observe ? createBehindCount(earlier, impact.differ, narrowing.apps) : undefined;
  const names = await chosen([...new Set([...from.names, ...to.names])].sort(), from, to, narrowing, known);
  const openings = now === undefined ? undefined : createOpenings(now);
  let withoutFacts = 0;
  let notCompared = 0;
  const read = async (name: string): Promise<ToAdd> => {
    const facts = await known?.(name);
    // The new side first: what it has in common with the old one is not read again from Git.
    const next = to.has(name) ? await to.read(name, facts) : undefined;
    const old = from.has(name) ? await from.read(name, facts) : undefined;
    if (known && !facts && [old, next].some(requiresAny)) withoutFacts += 1;
    if (next?.kind === 'compiled') await openings?.note(name, next.compiled);
    if (old?.kind === 'compiled') await behind?.add(name, old.compiled, facts);
    const observation = await observe?.(name);
    if (observation && next?.kind === 'compiled' && leavesOut(observation, next.compiled)) notCompared += 1;
    return observe && !observation && next ? [old, NOT_OBSERVED] : [old, next, observation];
  };
  for (let first = 0; first < names.length; first += AT_ONCE) {
    const batch = names.slice(first, first + AT_ONCE);
    const sides = await Promise.all(batch.map(read));
    for (const [index, name] of batch.entries()) impact.add(name, ...(sides[index] as ToAdd));
    onSite?.(first + batch.length, names.length);
  }
  const groups = impact.groups().map((group) => openings?.of(group) ?? group);
  return { groups, sites: names.length, behind: behind?.total(), withoutFacts, notCompared };
}

type ToAdd = [from: SiteSide | undefined, to: SiteSide | undefined, observation?: Observation | undefined];

/** An observation has no value that may be a secret, and no content of configs, secrets and files. */
const leavesOut = ({ containers }: Observation, site: CompiledSite): boolean =>
  containers.some(({ notShown, identity }) => notShown.length > 0 && site.results.has(identity.app)) ||
  desiredApps(site).some(
    ({ files, services }) =>
      files.length > 0 ||
      services.some((service) => service.containers.some(({ spec }) => (spec.Files ?? []).length > 0)),
  );

const requiresAny = (side: SiteSide | undefined): boolean =>
  side?.kind === 'compiled' && desiredApps(side.compiled).some(({ requires }) => requires);

async function chosen(
  names: readonly string[],
  from: Side,
  to: Side,
  { sites, selector }: Narrowing,
  known: AskKnown | undefined,
): Promise<string[]> {
  const named = sites ? names.filter((name) => sites.includes(name)) : [...names];
  if (!selector) return named;
  const isSelected = async (name: string): Promise<boolean> => {
    const labels = await (to.has(name) ? to : from).labels(name);
    return labels !== undefined && selects(selector, { name, labels, facts: (await known?.(name))?.facts });
  };
  const selected = await Promise.all(named.map(isSelected));
  return named.filter((_, index) => selected[index]);
}
