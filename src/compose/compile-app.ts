import { posix } from 'node:path';
import { InputError, type Problem, rewrittenProblem } from '../lib/errors.ts';
import type { PlacedApp } from '../model/fleet.ts';
import type { Snapshot } from '../model/snapshot.ts';
import type { PortBinding } from '../model/spec.ts';
import type { DesiredApp, DesiredService, SyncHook } from '../model/state.ts';
import { entryOf, type MappingNode } from '../yaml/node.ts';
import { adoptedDirectory, isAdopting } from './adoption.ts';
import { type Claim, claimsOf, ownRivals, type Positions } from './claims.ts';
import { AppSize, type Size } from './compile/app-size.ts';
import { checkProject } from './compile/check.ts';
import { compileNetwork, compileVolume, resourceName } from './compile/compile-resources.ts';
import {
  compileService,
  countContainers,
  networksOf,
  phaseOf,
  type ServiceContext,
  syncHookOf,
} from './compile/compile-service.ts';
import { EncryptedFiles } from './compile/files/encrypted-files.ts';
import { missingFiles } from './compile/files/missing-files.ts';
import { joinOwnServices } from './compile/own-joins.ts';
import { siteKeysOf } from './compile/site-keys.ts';
import { checkEncrypted, checkVersions } from './keys/check-versions.ts';
import { decodeProject, type Project, sorted } from './keys/project.ts';
import { configureApp } from './load/configure-app.ts';
import { AppFolder } from './load/files/app-folder.ts';
import type { SiteFolder } from './load/files/outside.ts';
import { foldersOf } from './load/files/project-folder.ts';
import { RepoFiles } from './load/files/repo-files.ts';
import { type Loaded, load } from './load/load.ts';
import { appKeys } from './load/values/app-keys.ts';
import type { CompileOptions } from './load/values/values.ts';
import { hiddenError, hiding } from './private-values/hide-values.ts';
import { Report } from './report.ts';

/**
 * Compiles one app of a site. Throws InputError with all problems that can be found at once, and SourceError when the snapshot cannot be
 * read.
 */
export async function compileApp(
  app: PlacedApp,
  site: string,
  snapshot: Snapshot,
  options: CompileOptions,
): Promise<DesiredApp> {
  return (await compileWhole(app, site, snapshot, options)).desired;
}

/** A compiled app, with the tree and the context that it was compiled from. */
export interface Compiled {
  desired: DesiredApp;
  /** The things of the site that it claims. */
  claims: Claim[];
  /** The size that counts for the limits. */
  size: Size;
  /** The merged tree of all its files. */
  root: MappingNode;
  context: ServiceContext;
  /** The services that `docker compose up` would start: no hooks whose profiles are off. */
  enabled: Project;
}

/** Compiles one app and keeps the tree and the context. No message shows a value that is not in Git. */
export async function compileWhole(
  app: PlacedApp,
  site: string,
  snapshot: Snapshot,
  options: CompileOptions,
): Promise<Compiled> {
  const used = new Map<string, string>();
  const heard = {
    ...options,
    onOutside: (name: string, value: string) => {
      used.set(name, value);
      options.onOutside?.(name, value);
    },
  };
  try {
    const { desired, claims, ...rest } = await compileOpenly(app, site, snapshot, heard);
    const hide = hiding(used);
    const hidden = (problems: Problem[]): Problem[] => problems.map((problem) => rewrittenProblem(problem, hide));
    const { warnings, missing } = desired;
    return {
      ...rest,
      desired: { ...desired, warnings: hidden(warnings), missing: missing && hidden(missing) },
      claims: claims.map((claim) => ({ ...claim, text: hide(claim.text) })),
    };
  } catch (error) {
    throw hiddenError(error, hiding(used));
  }
}

async function compileOpenly(
  placed: PlacedApp,
  site: string,
  snapshot: Snapshot,
  options: CompileOptions,
): Promise<Compiled> {
  const read = await readApp(placed, site, snapshot, options);
  const { app, name, root, values, report, where, folder, encrypted, project: all } = read;
  const enabled = withProfiles(all, app.profiles);
  const project = withHooks(enabled, all);
  const size = new AppSize();
  countContainers(project, size);
  checkProject(project, all, { name, isOfFleet: app.nameIsFixed }, report);
  const context: ServiceContext = {
    app: name,
    project,
    folder,
    encrypted,
    values,
    report,
    size,
    networkName: (key: string) => resourceName(name, project.networks.get(key), key),
    volumeName: (key: string) => resourceName(name, project.volumes.get(key), key),
  };
  const services: DesiredService[] = [];
  const syncHooks: SyncHook[] = [];
  for (const declared of sorted(project.services)) {
    const service = await compileService(declared, context);
    const hook = syncHookOf(service, declared);
    if (hook) syncHooks.push(hook);
    else services.push(service);
  }
  if (all.services.size === 0 && report.problems.length === 0) {
    report.error(entryOf(root, 'services')?.keyAt ?? root.at, 'the Compose file has no services');
  }
  const networks = usedNetworks(project).map((key) => compileNetwork(name, key, project, report));
  const volumes = [];
  for (const key of usedVolumes(project)) {
    const declared = project.volumes.get(key);
    if (declared) volumes.push(await compileVolume(name, declared, folder, report));
  }
  const missing = report.problems.length > 0 ? [] : await missingFiles(project, read, foldersOf(app).project);
  if (options.holdVersions && app.nameIsFixed) checkEncrypted(encrypted.allUsed(), app.oldestAgent, report);
  const desired: DesiredApp = {
    name,
    revision: snapshot.revision,
    sync: app.sync,
    pruneVolumes: app.pruneVolumes,
    suspend: app.suspend,
    syncWindows: app.syncWindows,
    requires: app.requires,
    dependsOn: app.dependsOn,
    ignoreDifferences: app.ignoreDifferences,
    adopt: isAdopting(app, options) || undefined,
    services: joinOwnServices(options.placeholders ? withSiteKeys(services, root) : services),
    ...filled('syncHooks', syncHooks),
    networks,
    volumes,
    files: [...folder.allBound(), ...encrypted.all()],
    ...filled('encrypted', encrypted.allUsed()),
    directory: folder.projectDirectory,
    folder: isElsewhere(where) && folder.directory !== folder.projectDirectory ? folder.directory : undefined,
    ...filled('outside', folder.allOutside()),
    ...filled('missing', missing),
    warnings: report.warnings.map((warning) => ({ ...warning, app: name })),
  };
  const claims = claimsOf(desired, positionsIn(project));
  report.problems.push(...ownRivals(claims));
  report.throwIfAny();
  const files = desired.files.reduce((sum, { content }) => sum + content.byteLength, 0);
  return { desired, claims, size: { ...size.size, files }, root, context, enabled };
}

/** The app's files, read, merged and decoded. */
export interface ReadApp extends Loaded {
  /** As its `.env` configures it. */
  app: PlacedApp;
  repo: RepoFiles;
  folder: AppFolder;
  encrypted: EncryptedFiles;
  where: SiteFolder | { here: string };
  /** All services, those whose profiles are off among them. */
  project: Project;
  report: Report;
}

/** Reads an app of a site as far as its decoded keys. Problems go to the report. Throws InputError when there is no result. */
export async function readApp(
  placed: PlacedApp,
  site: string,
  snapshot: Snapshot,
  options: CompileOptions,
): Promise<ReadApp> {
  const report = new Report();
  const repo = new RepoFiles(snapshot, options.maxFileBytes);
  const keys = appKeys(placed, site, repo, options);
  const configured = await configureApp(placed, site, repo, options, keys);
  const { app } = configured;
  const loaded = await load(configured, site, repo, options, report);
  const where = whereOf(app, loaded.name, options);
  const folder = new AppFolder(repo, foldersOf(app), where, () => loaded.values.home);
  if (options.holdVersions && app.nameIsFixed) checkVersions(loaded.root, app.oldestAgent, report);
  const encrypted = new EncryptedFiles({ ...keys, app: loaded.name }, folder, configured.git.encrypted);
  return { ...loaded, app, repo, folder, encrypted, where, project: decodeProject(loaded.root, report), report };
}

function withSiteKeys(services: readonly DesiredService[], root: MappingNode): DesiredService[] {
  const keys = siteKeysOf(root);
  return services.map((service) => {
    const siteKeys = keys.get(service.name);
    return siteKeys ? { ...service, siteKeys } : service;
  });
}

/**
 * The folders of the app on the site. By default, the app's folder is below `filesDir`, with the project's folder in it. If somebody chose a
 * project directory elsewhere on the site, the rest of the app's folder is around it, with the same layout as in the repo.
 */
function whereOf(app: PlacedApp, name: string, options: CompileOptions): SiteFolder | { here: string } {
  const { folder, project } = foldersOf(app);
  const inside = posix.relative(`/${folder}`, `/${project}`);
  const { appDirectory, filesDir, before } = options;
  if (appDirectory !== undefined) return { here: posix.join(appDirectory, inside) };
  const given = app.projectDirectory ?? adoptedDirectory(app, name, options);
  if (given !== undefined && !given.startsWith('/'))
    throw InputError.of(`projectDirectory of ${app.name} must be an absolute path on the site`);
  const whole = given ?? posix.join(filesDir, name, inside);
  return {
    name,
    filesDir,
    project: posix.normalize(whole).replace(/(?<=.)\/$/, ''),
    isElsewhere: given !== undefined,
    isAdopted: given !== undefined && isAdopting(app, options),
    isOfFleet: app.nameIsFixed,
    before,
  };
}

const isElsewhere = (where: SiteFolder | { here: string }): boolean => 'isElsewhere' in where && where.isElsewhere;

const filled = <K extends string, T>(key: K, list: T[]): { [P in K]?: T[] } =>
  list.length > 0 ? ({ [key]: list } as { [P in K]: T[] }) : {};

/** The project without the services whose profiles are all off. `*` turns on all profiles. */
function withProfiles(project: Project, profiles: string[]): Project {
  const isOn = (own: string[] | undefined) =>
    !own?.length || profiles.includes('*') || own.some((profile) => profiles.includes(profile));
  const services = [...project.services].filter(([, service]) => isOn(service.keys.profiles));
  return { ...project, services: new Map(services) };
}

/** The same with all hooks: they run whatever profiles are on. */
function withHooks(enabled: Project, all: Project): Project {
  const services = [...all.services].filter(([name, { keys }]) => enabled.services.has(name) || phaseOf(keys));
  return { ...enabled, services: new Map(services) };
}

/** The networks that services use. Other networks are not created. */
export function usedNetworks(project: Project): string[] {
  const keys = [...project.services.values()].flatMap((service) => networksOf(service).map(({ key }) => key));
  return [...new Set(keys)].filter((key) => key === 'default' || project.networks.has(key)).sort();
}

export function usedVolumes(project: Project): string[] {
  const mounts = [...project.services.values()].flatMap((service) => service.keys.volumes ?? []);
  return [...new Set(mounts.flatMap(({ Type, Source }) => (Type === 'volume' && Source ? [Source] : [])))].sort();
}

function positionsIn(project: Project): Positions {
  const keyOf = ({ HostPort, HostIp, Container }: PortBinding) => `${HostIp} ${HostPort} ${Container}`;
  const ports = new Map(
    [...project.services].map(([name, { keys }]) => [
      name,
      new Map((keys.ports ?? []).toReversed().map((port) => [keyOf(port), port.at])),
    ]),
  );
  return (kind, name, port) => {
    if (kind === 'volume' || kind === 'network') return project[`${kind}s`].get(name)?.at;
    const service = project.services.get(name);
    if (kind === 'service') return entryOf(service?.node, 'container_name')?.value.at ?? service?.at;
    return (port && ports.get(name)?.get(keyOf(port))) ?? service?.at;
  };
}
