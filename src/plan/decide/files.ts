import { compareFiles } from '../../container/labels/files-digest.ts';
import { own } from '../../lib/maps/own.ts';
import type {
  ActualContainer,
  ActualSite,
  DesiredApp,
  DesiredContainer,
  HostFile,
  OldFile,
} from '../../model/state.ts';
import { slotKey } from '../../model/subject.ts';
import { type AppFacts, type Attempt, attempt, finding } from '../facts/app-facts.ts';
import { bindSources, claimantsOf, isUp, slotsIn } from '../facts/containers.ts';

/** The files of Git that the app's folder lacks, and the files in it that Git has dropped. */
export interface FileDecisions {
  change: Attempt;
  writes: FileWrite[];
  /** Paths, sorted. */
  stale: string[];
}

interface FileWrite {
  file: HostFile;
  reason: string;
  change: Attempt;
  /**
   * A secret that is not there, as after a reboot. Another content shows in the digests of the containers that bind it, so this write alone
   * replaces nothing.
   */
  isMissingSecret: boolean;
  /** Dropped files that lie where this file or its folder belongs. They go with the write. */
  old: OldFile[];
}

export function decideFiles(facts: AppFacts): FileDecisions {
  const { desired, actual, settled } = facts;
  const stale = staleFiles(facts);
  const change = attempt(facts, {
    subject: { kind: 'files', app: desired.name },
    cause: settled ? 'drift' : 'revision',
    windows: isNeededToHeal(facts) ? 'never' : 'start',
    // A disk that keeps no modes, or a container that writes into its own config, must not make us write for ever.
    retry: { purpose: 'converge', goal: facts.digest, counts: 'attempts' },
  });
  const writes = desired.files.flatMap((file): FileWrite[] => {
    const found = actual.files[file.path];
    if (isOnDisk(file, found, desired.adopt)) return [];
    const where = file.secret ? 'in memory' : 'on the disk';
    const reason = found ? finding(settled ? `changed ${where}` : 'differs from Git', change) : `not ${where}`;
    const old = stale
      .filter((path) => isBelow(path, file.path) || isBelow(file.path, path))
      .map((path) => ({ path, digest: actual.files[path]?.digest as string }));
    if (!file.secret || found) return [{ file, reason, old, change, isMissingSecret: false }];
    return [
      { file, reason, old, change: isCleared(facts, file) ? restoring(facts, change) : change, isMissingSecret: true },
    ];
  });
  return { change, writes, stale };
}

/** A container was made with the secret as Git wants it, so it was there once. */
const isCleared = ({ desired, actual }: AppFacts, { path }: HostFile): boolean =>
  slotsIn(desired).some(
    ({ id, wanted }) =>
      bindSources(wanted.spec).includes(path) &&
      claimantsOf(actual.containers, id).some((each) => hasFiles(each, wanted)),
  );

const restoring = (facts: AppFacts, { withheld: _, ...change }: Attempt): Attempt =>
  attempt(facts, { ...change, cause: 'drift', afterReboot: true, retry: { ...change.retry, counts: 'failures' } });

/** It was made with the files that Git wants now. */
const hasFiles = ({ filesDigest }: ActualContainer, wanted: DesiredContainer): boolean =>
  filesDigest !== undefined && compareFiles(filesDigest, wanted.filesDigest) === 'same';

/**
 * The engine could not start the container, since a reboot emptied the folder of secrets: a secret is still not there, or the engine says so. It would
 * start one with this restart policy by itself.
 */
export function isStoppedByReboot(
  { writes }: FileDecisions,
  { files }: DesiredApp,
  wanted: DesiredContainer,
  found: ActualContainer,
): boolean {
  if (isUp(found) || !hasFiles(found, wanted) || (wanted.spec.RestartPolicy?.Name ?? 'no') === 'no') return false;
  const sources = bindSources(wanted.spec);
  return files.some(
    ({ path, secret }) =>
      secret &&
      sources.includes(path) &&
      (found.error.includes(path) || writes.some((each) => each.isMissingSecret && each.file.path === path)),
  );
}

/** A container that ran before is gone, and it binds a file that is not as Git says: without that it cannot be made again. */
function isNeededToHeal({ desired, actual, memory }: AppFacts): boolean {
  return slotsIn(desired).some(
    ({ id, wanted }) =>
      own(memory.settled, slotKey(id)) !== undefined &&
      claimantsOf(actual.containers, id).length === 0 &&
      !bindsGitsFiles(desired, wanted, actual),
  );
}

/** Files that we wrote, that Git has dropped and that were not changed since. Sorted. */
export function staleFiles({ desired, actual, memory }: Pick<AppFacts, 'desired' | 'actual' | 'memory'>): string[] {
  const wanted = new Set(desired.files.map((file) => file.path));
  return Object.entries(own(memory.files, desired.name) ?? {})
    .filter(([path, digest]) => !wanted.has(path) && actual.files[path]?.digest === digest)
    .map(([path]) => path)
    .sort();
}

/**
 * Git stores only the executable bit of a file's mode; the files that people laid down themselves beside an adopted stack may have any mode
 * beyond that.
 */
function isOnDisk(file: HostFile, found: ActualSite['files'][string] | undefined, adopted = false): boolean {
  // The digests of the containers tell if it changed.
  if (file.secret === 'sealed') return true;
  if (found?.digest !== file.digest) return false;
  return adopted && !file.secret ? (found.mode & 0o100) === (file.mode & 0o100) : found.mode === file.mode;
}

/** Every file of Git that a container binds is on the disk as it should be. */
export function bindsGitsFiles(
  app: DesiredApp,
  { spec }: DesiredContainer,
  actual: Pick<ActualSite, 'files'>,
): boolean {
  const sources = bindSources(spec);
  const bound = app.files.filter(({ path }) => sources.some((source) => isBelow(path, source)));
  return bound.every((file) => isOnDisk(file, actual.files[file.path], app.adopt));
}

export const isBelow = (path: string, source: string): boolean =>
  path === source || path.startsWith(`${source.replace(/\/$/, '')}/`);

/** Paths of the writes in the folder that a volume is on. */
export const writesBelow = ({ writes }: FileDecisions, folder: string | undefined): string[] =>
  folder?.startsWith('/') ? writes.map(({ file }) => file.path).filter((path) => isBelow(path, folder)) : [];

/**
 * Paths of the writes that a container has to see. One that binds the very file holds the old inode and must be replaced; one that binds
 * a folder around it sees the new file as it is.
 */
export function writesFor(
  { writes }: FileDecisions,
  { spec }: DesiredContainer,
): { paths: string[]; boundItself: string[] } {
  const sources = bindSources(spec);
  const paths: string[] = [];
  const boundItself: string[] = [];
  if (sources.length === 0) return { paths, boundItself };
  for (const { file, isMissingSecret } of writes) {
    if (!isMissingSecret && sources.includes(file.path)) boundItself.push(file.path);
    if (sources.some((source) => isBelow(file.path, source))) paths.push(file.path);
  }
  // A folder takes the place of a file, or the other way round: a container that binds it holds the old one.
  for (const { file, old } of writes) {
    for (const { path } of old) {
      const source = sources.find((each) => each === path || (isBelow(path, each) && isBelow(each, file.path)));
      if (source === undefined) continue;
      if (!paths.includes(file.path)) paths.push(file.path);
      if (!boundItself.includes(source)) boundItself.push(source);
    }
  }
  return { paths, boundItself };
}
