import { join } from 'node:path';
import { pinFault } from '../../agent/follow/pin.ts';
import { placeSite } from '../../fleet/place-site.ts';
import { git, gitWord, runProgram } from '../../git/clone/git-program.ts';
import { isCommitId, type RemoteRef } from '../../git/refs.ts';
import type { LazyObjects } from '../../git/store/lazy-objects.ts';
import { DEFAULT_STORE_LIMITS } from '../../git/store-limits.ts';
import { InputError, SourceError } from '../../lib/errors.ts';
import { createSemaphore } from '../../lib/semaphore.ts';
import { shortRevision } from '../../lib/text/revision.ts';
import type { Pin, PlacedSite } from '../../model/fleet.ts';
import type { Origin, Snapshot } from '../../model/snapshot.ts';
import { gitSnapshot } from '../../source/git-snapshot.ts';
import { pickRef } from '../../source/revision.ts';
import type { FetchedSnapshot, Named, Source } from '../../source/source.ts';
import { normalizeFolder } from '../../source/tree-path.ts';
import { printError } from '../output/terminal.ts';

/** Gives the files at the revision that a Site pins, and says on standard error that it does. Throws InputError where they cannot be had. */
export type OpenPinned = (pin: Pin) => Promise<Snapshot>;

/** Programs of Git that run at once. */
const AT_ONCE = 8;

/**
 * What a site should run by the fleet layer, and where the files of its apps are read: at the revision that the Site pins, if it does. Without
 * `pinned` a pin is left out of account.
 */
export async function placeAt(
  snapshot: Snapshot,
  site: string | undefined,
  pinned?: OpenPinned,
  mustBeSomewhere?: (app: string) => boolean,
): Promise<{ placed: PlacedSite; files: Snapshot }> {
  let files = snapshot;
  const placed = await placeSite(snapshot, {
    site,
    mustBeSomewhere,
    ...(pinned && {
      pinned: async (pin: Pin) => {
        files = await pinned(pin);
        return files;
      },
    }),
  });
  return { placed, files };
}

/** Looks a pin up in the Git repo that a folder is in, where it means the same as on the site: a branch is the remote's, if that has one of the name. */
export const pinnedInClone =
  (dir: string, path: string | undefined, snapshot: Snapshot): OpenPinned =>
  async (pin) => {
    const prefix = await gitWord(dir, ['rev-parse', '--show-prefix']);
    if (prefix === undefined) throw unknown(pin, `${dir} is in no Git repo`, 'clone the repo, or name it with --repo');
    const named = await namedInClone(dir, pin);
    const found = await gitWord(dir, ['rev-parse', '-q', '--verify', `${named.commit}^{commit}`]);
    if (found === undefined)
      throw unknown(
        pin,
        `this clone does not have commit ${shortRevision(named.commit)}`,
        'fetch it, with all its history',
      );
    tell(pin, named, 'this folder');
    const folder = join(prefix, path ?? '');
    const origin = { ...snapshot.origin, description: `${snapshot.origin.description} at ${pin.revision}` };
    return cloneSnapshot(dir, named.commit, folder, origin);
  };

/** A commit's files, as far as a clone on this machine has them. Throws SourceError. */
export const cloneSnapshot = (dir: string, commit: string, folder: string, origin: Origin): Promise<Snapshot> =>
  gitSnapshot({
    objects: objectsOf(dir),
    commit,
    folder: normalizeFolder(folder),
    origin,
    limits: DEFAULT_STORE_LIMITS,
    dispose: async () => {},
  });

/** Looks a pin up where the rest comes from. What it opens is the caller's to dispose of. */
export const pinnedInRepo =
  (source: Source, signal: AbortSignal, onOpen: (snapshot: FetchedSnapshot) => void): OpenPinned =>
  async (pin) => {
    const { pinned, commit } = await namedInRepo(source, signal, pin);
    const snapshot = await source.fetch(pinned.commit, signal, true).catch((error: unknown) => {
      throw pinFault(error, pin) ?? error;
    });
    onOpen(snapshot);
    tell(pin, pinned, shortRevision(commit));
    return snapshot;
  };

/** What a pin names, as far as a clone on this machine knows. Throws InputError. */
export async function namedInClone(dir: string, pin: Pin): Promise<Named> {
  if (isCommitId(pin.revision)) return { commit: pin.revision };
  const listed = await git(dir, ['for-each-ref', '--format=%(refname) %(objectname) %(*objectname)']);
  const refs = listed
    .toString('utf8')
    .split('\n')
    .flatMap((line): RemoteRef[] => {
      const [name, oid, peeled] = line.split(' ');
      return name && oid ? [{ name, oid, ...(peeled && { peeled }) }] : [];
    });
  try {
    const { commit, want, ref } = pickRef(await withHead(dir, asOnSite(refs)), pin.revision);
    return { commit, ...(ref !== undefined && { ref }), ...(want !== commit && { tag: want }) };
  } catch (error) {
    if (!(error instanceof SourceError)) throw error;
    throw unknown(pin, error.message, 'fetch it, tags included: git fetch --tags');
  }
}

/** What a poll finds, with what a pin names. Throws InputError where that is nothing. */
export async function namedInRepo(source: Source, signal: AbortSignal, pin: Pin): Promise<Named & { pinned: Named }> {
  const { pinned, ...polled } = await source.poll(signal, pin.revision);
  if (!pinned || 'missing' in pinned) throw unknown(pin, pinned?.missing ?? 'it is not there');
  return { ...polled, pinned };
}

const REMOTE = 'refs/remotes/origin/';

/** The refs as the server lists them, as far as this clone knows: a branch of the remote stands for that of its name here, which may lag behind. */
function asOnSite(refs: readonly RemoteRef[]): RemoteRef[] {
  const remote = refs.flatMap((ref) => {
    if (!ref.name.startsWith(REMOTE)) return [];
    const name = ref.name.slice(REMOTE.length);
    return [{ ...ref, name: name === 'HEAD' ? name : `refs/heads/${name}` }];
  });
  const known = new Set(remote.map(({ name }) => name));
  return [...remote, ...refs.filter(({ name }) => !known.has(name) && !name.startsWith(REMOTE))];
}

/**
 * With a HEAD, which a clone lists only of a remote that it was cloned from. Elsewhere it is the branch that is checked out: as the remote has it, if
 * it has one of the name.
 */
async function withHead(dir: string, refs: readonly RemoteRef[]): Promise<readonly RemoteRef[]> {
  if (refs.some(({ name }) => name === 'HEAD')) return refs;
  const branch = await gitWord(dir, ['symbolic-ref', '-q', 'HEAD']);
  const listed = refs.find(({ name }) => name === branch);
  const oid = listed?.oid ?? (await gitWord(dir, ['rev-parse', '-q', '--verify', 'HEAD^{commit}']));
  return oid ? [...refs, { name: 'HEAD', oid }] : refs;
}

function objectsOf(dir: string): LazyObjects {
  const slots = createSemaphore(AT_ONCE);
  return {
    async read(oid, type) {
      const release = await slots.acquire();
      const { code, stdout, stderr } = await runProgram('git', ['cat-file', type, oid], dir).finally(release);
      if (code !== 0) throw new SourceError('notFound', `this clone cannot read ${type} ${oid}: ${stderr}`);
      return stdout;
    },
  };
}

function tell({ revision, at }: Pin, { commit, ref }: Named, instead: string): void {
  const name = ref === undefined || ref === revision ? '' : ` (${ref})`;
  printError(`${at.file} pins ${revision}: all else is read at ${shortRevision(commit)}${name}, and not in ${instead}`);
}

const unknown = ({ revision, at }: Pin, why: string, hint?: string): InputError =>
  InputError.at(at, `targetRevision ${revision} cannot be looked up: ${why}`, hint);
