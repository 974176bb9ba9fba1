import { basename, resolve } from 'node:path';
import type { Clone } from '../git/clone/clone.ts';
import { namedCommit } from '../git/clone/named-commit.ts';
import { ancestorsOf, parentsOf, walkHistory } from '../git/objects/history.ts';
import { isCommitId, type RemoteRef } from '../git/refs.ts';
import { DEFAULT_STORE_LIMITS } from '../git/store-limits.ts';
import { SourceError } from '../lib/errors.ts';
import { shortRevision } from '../lib/text/revision.ts';
import { gitSnapshot } from './git-snapshot.ts';
import { namedBy, pickPin } from './revision/revision.ts';
import type { Source } from './source.ts';
import { normalizeFolder } from './tree-path.ts';

export interface CloneSourceOptions {
  /** As it is shown to people. */
  dir: string;
  /** The revision that is followed, in the words of the person at the clone. Default: the commit that is checked out. */
  revision?: string | undefined;
  /** The config repo's folder in the repo. Default: its root. */
  path?: string | undefined;
}

/**
 * A clone on this machine as a source: only what is committed is seen, and nothing is fetched. The followed revision is named as in the clone; a Site's
 * pin is named as the site's server would, as far as this clone knows. The caller closes the clone.
 */
export function cloneSource(clone: Clone, { dir, revision = 'HEAD', path }: CloneSourceOptions): Source {
  const folder = normalizeFolder(path);
  const origin = { description: dir, name: folder.split('/').at(-1) || basename(resolve(dir)) };
  return {
    origin,
    warnings: [],

    async poll(_, pin) {
      const named = await namedCommit(clone, revision);
      if (!named) throw new SourceError('notFound', `${dir} has no commit ${revision}`);
      if (pin === undefined) return named;
      const pinned = pickPin(await serverRefs(clone, pin), pin);
      return { ...named, pinned: 'commit' in pinned ? namedBy(pinned) : pinned };
    },

    fetch: (commit) =>
      gitSnapshot({ objects: clone, commit, folder, origin, limits: DEFAULT_STORE_LIMITS, dispose: async () => {} }),

    async history(tip, known) {
      if (known.includes(tip)) return [];
      await clone.read(tip, 'commit');
      let isFromStart = false;
      const read = async (oid: string): Promise<Buffer | undefined> => {
        const found = await clone.find(oid);
        const content = found?.type === 'commit' ? found.content : undefined;
        if (!content || parentsOf(content).length === 0) isFromStart = true;
        return content;
      };
      const found = await walkHistory(tip, new Set(known), read);
      // A path that goes around a known commit ends at the first one, so its commits may be older than that.
      if (known.length === 0 || (known.length === 1 && !isFromStart)) return found;
      const older = await ancestorsOf(known, read);
      if (!older.has(tip)) return found.filter(({ oid }) => !older.has(oid));
      throw new SourceError('notFound', `${shortRevision(tip)} comes before the commits that are known`);
    },

    object: (oid, type) => clone.read(oid, type),
    close: () => {},
  };
}

const REMOTE = 'refs/remotes/origin/';

/**
 * The refs that may be meant by a pin, as the server lists them: a branch of the remote replaces that of its name here, which may lag behind. HEAD is the
 * remote's; where the clone knows none, as the branch that is checked out is on the server.
 */
async function serverRefs(clone: Clone, pin: string): Promise<RemoteRef[]> {
  if (isCommitId(pin)) return [];
  const refs = await clone.refs(['refs/']);
  const remote = refs.flatMap((ref) => {
    if (!ref.name.startsWith(REMOTE)) return [];
    const name = ref.name.slice(REMOTE.length);
    return [{ ...ref, name: name === 'HEAD' ? name : `refs/heads/${name}` }];
  });
  const known = new Set(remote.map(({ name }) => name));
  const all = [...remote, ...refs.filter(({ name }) => !known.has(name) && !name.startsWith(REMOTE))];
  if (known.has('HEAD')) return all;
  const branch = await clone.branch();
  const oid = all.find(({ name }) => name === branch)?.oid ?? (await clone.head());
  return oid === undefined ? all : [...all, { name: 'HEAD', oid }];
}
