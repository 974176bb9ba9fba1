import { type CompiledSite, createFleetCompiler } from '../compose/compile-fleet.ts';
import type { CompileOne } from '../compose/compile-site.ts';
import { RepoFiles } from '../compose/load/files/repo-files.ts';
import { readDocuments } from '../compose/load/layer.ts';
import type { CompileOptions } from '../compose/load/values/values.ts';
import { type Application, allComposeFiles, type BrokenApplication, readApplications } from '../fleet/applications.ts';
import { type AskKnown, factsBy } from '../fleet/facts/known-site.ts';
import { unknownApps } from '../fleet/keys/recipient-groups.ts';
import type { Selectable } from '../fleet/keys/selector.ts';
import { idleSelectors, nowhereProblem, readSites } from '../fleet/nowhere.ts';
import { openFleet, type PlacedFiles, type PlaceOptions, readFleet } from '../fleet/open-fleet.ts';
import { schemaProblems } from '../fleet/schema/schema.ts';
import { misnamedSites } from '../fleet/sites.ts';
import { InputError, type Problem } from '../lib/errors.ts';
import { utf8 } from '../lib/text/utf8.ts';
import type { FleetDocument, SiteDocument } from '../model/fleet.ts';
import type { Snapshot } from '../model/snapshot.ts';
import type { SitePolicy } from '../policy/site-policy.ts';
import { absentDependencies } from './check-depends-on.ts';
import { checkNames } from './check-names.ts';
import { checkRecipients } from './check-recipients.ts';
import { checkRequirements } from './check-requirements.ts';
import { type CheckedRollout, checkRollouts } from './check-rollouts.ts';
import { neverOpen } from './check-windows.ts';
import { lookingForSecrets, secretsIn } from './find-secrets.ts';
import { refusingCompiler } from './refused-by-policy.ts';
import { reportsOnly } from './reports-only.ts';

export interface CheckOptions {
  /** The site to check; all of them if absent. */
  site: string | undefined;
  /** Gives the files of a pin. Absent: pins do not count. */
  pinned: PlaceOptions['pinned'];
  compile: CompileOptions;
  /** Tells the facts of sites. Absent: they are not known. */
  known?: AskKnown | undefined;
  /** The policy of all sites: an app that it refuses is a problem. */
  policy?: SitePolicy | undefined;
  /** Also asks for advice. */
  advice?: boolean | undefined;
  /** Milliseconds since 1970: sync windows have to open within a year from then. */
  now: number;
}

export interface Checked {
  problems: Problem[];
  warnings: Problem[];
  /** For what is right and may go wrong; empty unless it was asked for. */
  advice: Problem[];
  /** The numbers of sites and apps that were compiled. */
  sites: number;
  apps: number;
  /** The rollouts of the repo, with the sites of each step; empty for a single site. */
  rollouts: CheckedRollout[];
}

/** The number of sites that are read at once, so that a source can fetch them in one request. */
const AT_ONCE = 200;

/**
 * Compiles the sites of a repo and finds all problems. A problem of several sites comes once. If no site runs an app, or the Fleet or the Sites cannot be
 * read, at least the documents and the Compose files are read.
 */
export async function checkRepo(
  snapshot: Snapshot,
  { site, pinned, compile, known, policy, advice, now }: CheckOptions,
): Promise<Checked> {
  const fleet = await openFleet(snapshot);
  const names = site === undefined ? await fleet.names() : [site];
  const misnamed = site === undefined ? await misnamedSites(snapshot) : [];
  if (names.length === 0 && misnamed.length > 0) throw new InputError(misnamed);
  if (names.length === 0) throw InputError.of('the repo has no sites', 'add one below sites/');
  const found: Found = { problems: misnamed, warnings: [], advice: [], sites: [], compiled: [] };
  /** The files of each site: a pinned one reads those of another revision. */
  const files = new Map<string, Snapshot>();
  await checkTrust(snapshot, found);
  const place = (name: string): Promise<PlacedFiles> =>
    fleet.place(name, { pinned, facts: factsBy(known), holdVersions: true, mustBeSomewhere: () => site !== undefined });
  const compiler = createFleetCompiler({ ...compile, holdVersions: true }, await compilerOf(found, advice));
  const compileSite = policy ? refusingCompiler(compiler, policy, compile) : compiler;
  for (let from = 0; from < names.length; from += AT_ONCE) {
    for (const read of await Promise.allSettled(names.slice(from, from + AT_ONCE).map(place))) {
      try {
        if (read.status === 'rejected') throw read.reason;
        found.compiled.push(await compileSite(read.value.placed, read.value.files));
        files.set(read.value.placed.site, read.value.files);
        if (read.value.site) found.sites.push({ ...read.value.site, facts: read.value.placed.facts });
      } catch (error) {
        keep(found)(error);
      }
    }
  }
  const document = await fleetDocument(snapshot);
  const applications = site === undefined ? await readApplications(snapshot) : [];
  if (document && site === undefined)
    found.problems.push(
      ...unknownApps(
        document.recipientGroups,
        applications.map(({ name }) => name),
      ),
    );
  for (const each of [...(document ? [document] : []), ...found.sites]) found.warnings.push(...secretsIn(each));
  if (document) found.warnings.push(...reportsOnly(document, applications));
  const results = resultsOf(found.compiled);
  const apps = countSites(results);
  if (site === undefined) {
    const sites = found.sites.length === names.length ? found.sites : await allSites(snapshot);
    await checkApplications(snapshot, applications, found, sites, apps);
    found.warnings.push(...(await checkNames(snapshot, document, applications, sites)));
  }
  if (known) found.warnings.push(...(await checkRequirements(found.compiled, applications, known)));
  const recipients = await checkRecipients(found.compiled, found.sites, (name) => files.get(name) ?? snapshot);
  const { rollouts, warnings } = checkRollouts(document, applications, found.sites);
  return {
    problems: [
      ...found.problems,
      ...problemsOf(results, apps, names.length),
      ...[...(await neverOpen(found.compiled, now)), ...recipients.unable, ...absentDependencies(found.compiled)].map(
        (each) => onSites(each, apps, names.length),
      ),
    ],
    warnings: [...found.warnings, ...recipients.warnings, ...warnings, ...results.flatMap(({ warnings }) => warnings)],
    advice: found.advice,
    sites: names.length,
    apps: apps.size,
    rollouts: site === undefined ? rollouts : [],
  };
}

const TRUST_FILE = 'trust.yaml';
/** One problem names at most so many sites. */
const MOST_NAMED = 10;

interface Found extends Pick<Checked, 'problems' | 'warnings' | 'advice'> {
  /** The Sites that were read and placed. */
  sites: (SiteDocument & Selectable)[];
  compiled: CompiledSite[];
}

/** The result of an app that some sites share. */
interface SharedResult {
  app: string;
  problems: readonly Problem[];
  warnings: readonly Problem[];
  sites: string[];
}

function resultsOf(compiled: readonly CompiledSite[]): SharedResult[] {
  const shared = new Map<object, SharedResult>();
  const add = (key: object, site: string, result: () => Omit<SharedResult, 'sites'>): void => {
    const known = shared.get(key) ?? { ...result(), sites: [] };
    known.sites.push(site);
    shared.set(key, known);
  };
  for (const { placed, results, lost } of compiled) {
    for (const broken of placed.broken)
      add(broken, placed.site, () => ({ app: broken.name, problems: broken.problems, warnings: [] }));
    for (const [name, result] of results) {
      const problems = 'problems' in result ? result.problems : lost.get(name);
      if (problems) add(problems, placed.site, () => ({ app: appOf(result), problems, warnings: [] }));
      else add(result, placed.site, () => ({ app: appOf(result), problems: [], warnings: warningsOf(result) }));
    }
  }
  return [...shared.values()];
}

type Result = CompiledSite['results'] extends ReadonlyMap<string, infer Each> ? Each : never;

const appOf = (result: Result): string => ('problems' in result ? result.name : result.desired.name);

function warningsOf(result: Result): Problem[] {
  if ('problems' in result) return [];
  const { warnings, missing = [] } = result.desired;
  return [...warnings, ...missing];
}

/** The number of sites of each app. */
function countSites(results: readonly SharedResult[]): Map<string, number> {
  const apps = new Map<string, number>();
  for (const { app, sites } of results) apps.set(app, (apps.get(app) ?? 0) + sites.length);
  return apps;
}

/** The repo's trust.yaml, which sites would take over. */
async function checkTrust(snapshot: Snapshot, found: Found): Promise<void> {
  const file = await snapshot.read(TRUST_FILE);
  if (!file) return;
  const [{ parseTrust }, { endWarning }] = await Promise.all([
    import('../trust/trust-file.ts'),
    import('../trust/endless-signers.ts'),
  ]);
  try {
    const text = utf8(file.content, TRUST_FILE);
    const trust = await parseTrust(text, TRUST_FILE, (root) => schemaProblems(root, 'Trust'));
    const warning = await endWarning(trust, text, TRUST_FILE);
    if (warning) found.warnings.push(warning);
  } catch (error) {
    keep(found)(error);
  }
}

/** The compiler of apps, which looks for advice where it is asked for. */
async function compilerOf(found: Found, advice: boolean | undefined): Promise<CompileOne> {
  const compile = lookingForSecrets((problems) => found.warnings.push(...problems));
  return advice ? (await import('./advice/advise.ts')).advising(compile, found.advice) : compile;
}

/**
 * Checks where all Applications are placed, and that the files of those which no site runs can be read. More cannot be known of them, since only a site
 * has values.
 */
async function checkApplications(
  snapshot: Snapshot,
  applications: readonly (Application | BrokenApplication)[],
  found: Found,
  sites: readonly (SiteDocument & Selectable)[],
  apps: ReadonlyMap<string, number>,
): Promise<void> {
  const repo = new RepoFiles(snapshot);
  for (const application of applications) {
    try {
      if ('problems' in application) throw new InputError(application.problems);
      const files = await allComposeFiles(snapshot, application);
      const problem = nowhereProblem(application.app, sites);
      if (problem) found.problems.push(problem);
      found.warnings.push(...idleSelectors(application.app, sites));
      if (apps.has(application.name)) continue;
      for (const file of files) await readDocuments(file, { file, line: 1, column: 1 }, repo).catch(keep(found));
    } catch (error) {
      keep(found)(error);
    }
  }
}

async function allSites(snapshot: Snapshot): Promise<SiteDocument[]> {
  const sites: SiteDocument[] = [];
  for await (const site of readSites(snapshot)) sites.push(site);
  return sites;
}

/** Keeps the problems of an InputError, and throws any other error. */
const keep =
  ({ problems }: Found) =>
  (error: unknown): void => {
    if (!(error instanceof InputError)) throw error;
    problems.push(...error.problems);
  };

/** fleet.yaml; undefined where there is none, or its problems are reported with the sites. */
async function fleetDocument(snapshot: Snapshot): Promise<FleetDocument | undefined> {
  try {
    return await readFleet(snapshot);
  } catch (error) {
    if (error instanceof InputError) return undefined;
    throw error;
  }
}

/** The problems of apps, each with the sites that have it, unless all sites of the app do. A variable without a value always names them. */
function problemsOf(results: readonly SharedResult[], apps: ReadonlyMap<string, number>, all: number): Problem[] {
  const merged = new Map<string, { problem: Problem; sites: string[] }>();
  for (const { problems, sites } of results) {
    for (const problem of problems) {
      const told = isOfApps(problem) ? problem : { ...problem, app: undefined };
      const key = JSON.stringify([told.app, problem.at, problem.message, problem.hint]);
      const known = merged.get(key) ?? { problem: told, sites: [] };
      known.sites.push(...sites);
      merged.set(key, known);
    }
  }
  return [...merged.values()].map((each) => onSites(each, apps, all));
}

/** False for a place in a file of the whole fleet or of a Site, such as one with values: the problem is told once, and not for each app. */
const isOfApps = ({ at }: Problem): boolean =>
  at === undefined || at.file.startsWith('apps/') || !/\.(env|json|ya?ml)$/.test(at.file);

/** The problem with the names of the sites that have it, unless all sites of the app do. */
function onSites(
  { problem, sites }: { problem: Problem; sites: string[] },
  apps: ReadonlyMap<string, number>,
  all: number,
): Problem {
  const isEverywhere = sites.length >= (apps.get(problem.app ?? '') ?? 0);
  if (all === 1 || (isEverywhere && problem.missing === undefined)) return problem;
  const more = sites.length > MOST_NAMED ? ` and ${sites.length - MOST_NAMED} more` : '';
  const named = `${sites.length === 1 ? 'on site' : 'on sites'} ${sites.sort().slice(0, MOST_NAMED).join(', ')}${more}`;
  return { ...problem, message: `${problem.message} ${named}` };
}
