import { guardAccepted, guardSite } from '../../apply/guard-site.ts';
import type { Territory } from '../../apply/territory.ts';
import { compileClaims, compileSite, type SiteBefore } from '../../compose/compile-site.ts';
import type { CompileOptions } from '../../compose/load/values/values.ts';
import { placeSite } from '../../fleet/place-site.ts';
import { InputError } from '../../lib/errors.ts';
import { own } from '../../lib/maps/own.ts';
import type { Pin, PlacedApp, PlacedSite, SiteFacts } from '../../model/fleet.ts';
import type { Snapshot } from '../../model/snapshot.ts';
import type { BrokenApp, DesiredSite } from '../../model/state.ts';
import type { SitePolicy } from '../../policy/site-policy.ts';
import { recordSnapshot, replaySnapshot } from '../../source/recording.ts';
import { type AgentOptions, refOf } from '../agent-options.ts';
import type { Accepted } from '../state/accepted.ts';
import { placeAdopted } from './adopted-directory.ts';
import type { PinnedFiles } from './pin.ts';

export interface Gathered {
  accepted: Accepted;
  /** Apps that this revision breaks. If an app was good before, `accepted` has its last good state. */
  broken: BrokenApp[];
}

export interface GatherOptions {
  url: string;
  ref: string;
  site: string | undefined;
  compile: CompileOptions;
  /** The folders that the Compose projects on the site were started from. Called only if an app adopts a stack for the first time. */
  stacks: () => Promise<Record<string, string[]>>;
  /** The folders of this site in which files of Git may be; without it, all are allowed. */
  territory?: Territory | undefined;
  /** The things that this site allows, whatever Git says; without it, everything. */
  policy?: SitePolicy | undefined;
  /** Finds the facts of the site; its errors pass through. Absent: nobody knows them. */
  facts?: (() => Promise<SiteFacts>) | undefined;
  /** Opens the files at the revision that the Site pins. Its errors pass through. */
  pinned: (pin: Pin) => Promise<PinnedFiles>;
}

/** The part of the options that the agent's own settings give. */
export const gatherOptions = (
  options: AgentOptions,
  compile: CompileOptions,
): Pick<GatherOptions, 'url' | 'ref' | 'site' | 'compile' | 'stacks'> => ({
  url: options.repo,
  ref: refOf(options),
  site: options.site,
  compile,
  stacks: () => options.engine.stacks(),
});

/**
 * Gathers all that a site needs of a revision. Accepts each app that compiles, and keeps the last good state of each app that does not. Throws InputError
 * for broken documents of the site, SourceError for a snapshot that cannot be read, EngineError if an app adopts a stack and the engine does not answer;
 * then nothing is accepted.
 */
export async function gather(
  snapshot: Snapshot,
  from: GatherOptions,
  previous: Accepted | undefined,
): Promise<Gathered> {
  let pinned: PinnedFiles | undefined;
  const placed = await placeSite(snapshot, {
    site: from.site,
    pinned: async (pin) => {
      pinned = await from.pinned(pin);
      return pinned.files;
    },
    mustBeSomewhere: (app) => own(previous?.apps, app) !== undefined,
    facts: from.facts,
  });
  const { files = snapshot, pin } = pinned ?? {};
  const { apps, broken, stacks } = await placeAdopted(placed.apps, previous?.apps ?? {}, from.stacks);
  const site = { ...withoutApps(placed), broken: [...placed.broken, ...broken] };
  const recorders = new Map(apps.map((app) => [app.name, recordSnapshot(files)]));
  const { desired: whole, held } = await compileClaims(
    { ...site, apps },
    (app) => recorders.get(app.name)?.snapshot ?? files,
    { ...from.compile, stacks },
    siteBefore(previous?.apps ?? {}),
  );
  const { territory, policy } = from;
  const before = (name: string): string | undefined => folderBefore(own(previous?.apps, name)?.placed);
  const compiled = await guardSite(whole, { territory, policy, filesDir: from.compile.filesDir, before });
  const left = Object.keys(site.leftByFact ?? {}).length;
  requireSomething(site.allowEmpty, apps.length + compiled.broken.length + left, previous);
  const firstName = requireSameName(apps, compiled, previous);

  const brokenNames = new Set(compiled.broken.map(({ name }) => name));
  const accepted: Accepted['apps'] = {};
  for (const app of apps) {
    const recorded = recorders.get(app.name)?.recorded();
    if (recorded && !isBroken(app, brokenNames, compiled))
      accepted[app.name] = { placed: app, revision: files.revision, recorded, ...held.get(app.name) };
  }
  for (const { name } of compiled.broken) {
    const before = own(previous?.apps, name);
    if (before && !own(accepted, name)) accepted[name] = before;
  }
  const lost = compiled.broken.filter(({ name }) => !own(accepted, name));
  return {
    accepted: {
      url: from.url,
      ref: from.ref,
      commit: snapshot.revision,
      pin,
      site: { ...site, broken: lost },
      apps: accepted,
      firstName,
    },
    broken: compiled.broken,
  };
}

const withoutApps = ({ apps: _, ...site }: PlacedSite): Omit<PlacedSite, 'apps'> => site;

/** A lone Compose file with its own `name:` is broken under that name, and placed under another. */
const isBroken = (app: PlacedApp, brokenNames: Set<string>, compiled: DesiredSite): boolean =>
  brokenNames.has(app.name) || (!app.nameIsFixed && compiled.broken.length > 0);

/** An author who removes all apps of a site more likely forgot it than emptied it: the site keeps and heals what it runs. */
function requireSomething(allowEmpty: boolean, apps: number, previous: Accepted | undefined): void {
  if (apps > 0 || allowEmpty || !previous || Object.keys(previous.apps).length === 0) return;
  throw InputError.of(
    'it names no apps for this site, which runs some',
    "set allowEmpty in the Site's spec if that is meant",
  );
}

/** A lone Compose file keeps its first name: under another name its volumes would seem lost. */
function requireSameName(apps: PlacedApp[], compiled: DesiredSite, previous: Accepted | undefined): string | undefined {
  const isBare = apps.some(({ nameIsFixed }) => !nameIsFixed);
  const name = isBare ? compiled.apps[0]?.name : undefined;
  const first = previous?.firstName;
  if (first !== undefined && name !== undefined && first !== name) {
    throw InputError.of(
      `the app was called ${first} and would now be called ${name}: its volumes would seem lost`,
      `write \`name: ${first}\` in the Compose file, or COMPOSE_PROJECT_NAME=${first} in its .env where that names it`,
    );
  }
  return name ?? first;
}

/**
 * Compiles the desired state from the accepted one. `gather` compiled the same apps from Git already; compiling them again from the recording proves that
 * it is complete, and enforces after a commit exactly what is enforced after a restart. Reads only the recording, so it works without a network.
 */
export async function desiredOf(
  accepted: Accepted,
  compile: CompileOptions,
  territory?: Territory,
  policy?: SitePolicy,
): Promise<DesiredSite> {
  const entries = Object.values(accepted.apps);
  const origin = { description: accepted.url, name: accepted.firstName ?? '' };
  const snapshots = new Map(
    entries.map(({ placed, revision, recorded }) => [placed.name, replaySnapshot(revision, origin, recorded)]),
  );
  const compiled = await compileSite(
    { ...accepted.site, apps: entries.map(({ placed }) => placed) },
    (app) => snapshots.get(app.name) as Snapshot,
    compile,
    siteBefore(accepted.apps),
  );
  return guardAccepted(compiled, { territory, policy, filesDir: compile.filesDir });
}

const siteBefore = (apps: Accepted['apps']): SiteBefore =>
  new Map(Object.entries(apps).map(([name, { claims = [], readings = [] }]) => [name, { claims, readings }]));

/** The absolute folder of an app that does not run from its own folder. */
const folderBefore = (placed: PlacedApp | undefined): string | undefined =>
  placed?.projectDirectory ?? placed?.adoptedDirectory;
