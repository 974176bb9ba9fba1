import { own } from '../../lib/own.ts';
import type { ContainerSpec } from '../../model/spec.ts';
import type { ActualSite, DesiredApp, DesiredContainer, HostFile } from '../../model/state.ts';
import { type AppContext, held } from '../context.ts';
import { NOT_HERE } from '../facts/removed-app.ts';

/** Files of Git on the site's disk: written where they differ. */
export function planFiles(context: AppContext): void {
  const { desired, actual, draft } = context;
  const base = { after: [], ...fileBase(context) };
  const stale = staleFiles(context);
  for (const file of desired.files) {
    const found = actual.files[file.path];
    if (isOnDisk(file, found, desired.adopt)) continue;
    const reason = found
      ? { finding: context.settled ? 'changed on the disk' : 'differs from Git' }
      : 'not on the disk';
    const old = stale
      .filter((path) => isBelow(path, file.path) || isBelow(file.path, path))
      .map((path) => ({ path, digest: actual.files[path]?.digest as string }));
    const handle = draft.add({ kind: 'writeFile', file, ...(old.length > 0 && { old }), reason, ...base });
    context.files.set(file.path, handle);
    for (const { path } of old) context.replaced.set(path, handle);
  }
}

/**
 * Whether a file of Git is on the disk as it should be. Git knows of its mode only whether it may be executed; what people laid down themselves
 * beside an adopted stack may have any mode beyond that.
 */
function isOnDisk(file: HostFile, found: ActualSite['files'][string] | undefined, adopted = false): boolean {
  if (found?.digest !== file.digest) return false;
  return adopted ? (found.mode & 0o100) === (file.mode & 0o100) : found.mode === file.mode;
}

/** Whether every file of Git that a container binds is on the disk as it should be. */
export function bindsGitsFiles(
  app: DesiredApp,
  { spec }: DesiredContainer,
  actual: Pick<ActualSite, 'files'>,
): boolean {
  const sources = bindSources(spec);
  const bound = app.files.filter(({ path }) => sources.some((source) => isBelow(path, source)));
  return bound.every((file) => isOnDisk(file, actual.files[file.path], app.adopt));
}

/** Every attempt counts: a disk that keeps no modes, or a container that writes into its own config, must not make us write for ever. */
function fileBase(context: AppContext) {
  const change = {
    subject: { kind: 'files', app: context.desired.name },
    cause: context.settled ? 'drift' : 'revision',
    retry: { purpose: 'converge', goal: context.digest, counts: 'attempts' },
  } as const;
  return { ...change, ...held(context.hold(change)) };
}

/**
 * After all that binds it has gone or been replaced: what still runs in the old form goes on with what it has. One that lies where Git now has a
 * folder, or in a folder where it now has a file, went with that write.
 */
export function removeStaleFiles(context: AppContext): void {
  const { desired, actual, draft, removals } = context;
  const reason = desired.isElsewhere ? NOT_HERE : 'no longer in Git';
  const remove = (path: string, after: number[]): void =>
    void draft.add({ kind: 'removeFile', path, reason, ...fileBase(context), after });
  for (const path of staleFiles(context)) {
    const instead = context.replaced.get(path);
    if (instead !== undefined) {
      remove(path, [instead]);
      continue;
    }
    const binders = actual.containers.filter(
      ({ identity, spec }) =>
        identity.app === desired.name && bindSources(spec).some((source) => isBelow(path, source)),
    );
    // Its service cannot be brought about for now, which is told elsewhere.
    if (binders.some(({ id, identity }) => !removals.has(id) && context.services.get(identity.service)?.blocked))
      continue;
    remove(
      path,
      binders.flatMap(({ id }) => removals.get(id) ?? []),
    );
  }
}

/** Files that we wrote, that Git has dropped and that nobody changed since. */
export function staleFiles({ desired, actual, memory }: Pick<AppContext, 'desired' | 'actual' | 'memory'>): string[] {
  const wanted = new Set(desired.files.map((file) => file.path));
  return Object.entries(own(memory.files, desired.name) ?? {})
    .filter(([path, digest]) => !wanted.has(path) && actual.files[path]?.digest === digest)
    .map(([path]) => path)
    .sort();
}

/** Paths of the host that a container binds. */
export const bindSources = (spec: ContainerSpec): string[] =>
  (spec.Mounts ?? []).flatMap(({ Type, Source }) => (Type === 'bind' && Source ? [Source] : []));

const isBelow = (path: string, source: string): boolean =>
  path === source || path.startsWith(`${source.replace(/\/$/, '')}/`);

/** Handles of the writes of files in a folder that a volume stands for. */
export const writesBelow = ({ files }: AppContext, folder: string | undefined): number[] =>
  folder?.startsWith('/') ? [...files].flatMap(([path, handle]) => (isBelow(path, folder) ? [handle] : [])) : [];

/**
 * Handles of the writes that a container has to see. One that binds the very file holds the old inode and must be replaced; one that binds
 * a folder around it sees the new file as it is.
 */
export function writesFor(context: AppContext, container: DesiredContainer): { all: number[]; boundItself: string[] } {
  const sources = bindSources(container.spec);
  const all: number[] = [];
  const boundItself: string[] = [];
  for (const [path, handle] of context.files) {
    if (sources.includes(path)) boundItself.push(path);
    if (sources.some((source) => isBelow(path, source))) all.push(handle);
  }
  // A folder where a file was, or the other way round: what binds it holds the old one.
  for (const [path, handle] of context.replaced) {
    const source = sources.find((each) => each === path || (isBelow(path, each) && isGoneWith(context, each, handle)));
    if (source === undefined) continue;
    if (!all.includes(handle)) all.push(handle);
    if (!boundItself.includes(source)) boundItself.push(source);
  }
  return { all, boundItself };
}

/** Whether a folder makes way for a file that is written in its place. */
const isGoneWith = ({ files }: AppContext, folder: string, handle: number): boolean =>
  [...files].some(([path, each]) => each === handle && isBelow(folder, path));
