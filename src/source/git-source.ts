import { systemPackFiles } from '../git/pack/pack-files.ts';
import { ownWorker, type PackWorker } from '../git/pack/worker/pack-worker.ts';
import { isCommitId, type RemoteRef } from '../git/refs.ts';
import { lazyObjects } from '../git/store/lazy-objects.ts';
import { type ObjectStore, objectStore } from '../git/store/object-store.ts';
import { hasChildren, readAhead } from '../git/store/read-ahead.ts';
import { DEFAULT_STORE_LIMITS, type StoreLimits } from '../git/store-limits.ts';
import { SourceError } from '../lib/errors.ts';
import { shortRevision } from '../lib/text/revision.ts';
import { DEFAULT_LIMITS, type SourceLimits } from '../net/limits.ts';
import { gitSnapshot } from './git-snapshot.ts';
import { openUpstream, type RemoteOptions } from './open-upstream.ts';
import { parseRemote } from './remote.ts';
import { candidateNames, namedBy, pickPin, pickRef, type Resolved } from './revision/revision.ts';
import type { Source } from './source.ts';
import { normalizeFolder } from './tree-path.ts';

export interface GitSourceOptions extends RemoteOptions {
  /** As parseRemote takes it. User and password in it are used where `credentials` has none, and appear nowhere. */
  url: string;
  /** More URLs of the same repo, to be asked in this order where those before do not answer. */
  others?: readonly string[];
  /** A branch, a tag, a full ref or a full commit ID. Default: the remote's HEAD. */
  revision?: string | undefined;
  /** The config repo's folder in the repo. Default: its root. */
  path?: string | undefined;
  /** A full ref that is looked at in the same request as the revision. */
  beside?: string | undefined;
  /** The beginning of refs that are looked at in the same request, up to a slash. */
  below?: string | undefined;
  /** A folder for what is fetched, used by nobody else. If it is lost or damaged, the next fetch is larger, and nothing else. */
  dir: string;
  limits?: Partial<SourceLimits>;
  storeLimits?: Partial<StoreLimits>;
  /** The process that indexes and merges packs. Default: this process. */
  worker?: PackWorker;
  /** Told once of each file that decayed, or that a crash left without its index. */
  onDamage?: (sentence: string) => void;
}

/** A Git repo, wherever it is. Throws InputError for a URL that cannot be used, SourceError for a path or a revision. */
export function gitSource(options: GitSourceOptions): Source {
  const remote = parseRemote(options.url);
  const folder = normalizeFolder(options.path);
  const { revision, dir } = options;
  candidateNames(revision);
  const remotes = [remote, ...(options.others ?? []).map(parseRemote)];
  const origin = {
    description: `${remote.url}${folder && ` (${folder})`}${revision === undefined ? '' : ` at ${revision}`}`,
    name: folder.split('/').at(-1) || remote.name,
  };
  const limits = { ...DEFAULT_STORE_LIMITS, ...options.storeLimits };
  const files = systemPackFiles(dir);
  const store = objectStore(files, limits, options.worker ?? ownWorker, (packs) =>
    options.onDamage?.(
      `objects that were fetched from the config repo cannot be read as they were written (${dir}/${packs.join(', ')}): the ones that are needed are fetched again`,
    ),
  );
  const wire = openUpstream(remotes, {
    ...options,
    limits: { ...DEFAULT_LIMITS, ...options.limits },
    storeLimits: limits,
    store,
    files,
  });
  /** The result of the last poll. */
  let last: Resolved[] = [];
  /** The paths that were read of the commit before, followed and pinned. */
  const asked = { followed: new Set<string>(), pinned: new Set<string>() };
  let hasPin = false;
  /** Snapshots that are not disposed of. */
  let open = 0;
  let turn: Promise<unknown> = Promise.resolve();

  /** One request after another, and none while packs are merged. */
  const inTurn = <T>(work: () => Promise<T>): Promise<T> => {
    const result = turn.then(work);
    turn = result.catch(() => undefined);
    return result;
  };
  const release = (): void => {
    if (--open === 0) store.rest();
  };
  /** Folders of which something is not here, with what is below them. */
  const openTrees = async (trees: string[], commit: string, signal: AbortSignal): Promise<void> => {
    const missing: string[] = [];
    for (const oid of trees) if (!(await hasChildren(store, oid))) missing.push(oid);
    if (missing.length > 0) await wire.objects(missing, commit, signal, true);
  };

  return {
    origin,
    warnings:
      remote.kind === 'http' && remote.credentials?.password
        ? [
            `The URL of the repo holds credentials, which end up in process lists and histories; they are used, and left out of ${remote.url} everywhere. Better give them by file`,
          ]
        : [],

    async poll(signal, pin) {
      hasPin = pin !== undefined;
      const isFixed = revision !== undefined && isCommitId(revision);
      const [beside, below] = isFixed ? [] : [options.beside, options.below];
      const names = [
        ...(isFixed ? [] : candidateNames(revision)),
        ...(beside === undefined ? [] : [beside]),
        ...(below === undefined ? [] : [below]),
        ...(pin === undefined || isCommitId(pin) ? [] : candidateNames(pin)),
      ];
      const refs = names.length === 0 ? [] : await inTurn(() => wire.refs([...new Set(names)], signal));
      const followed = isFixed ? { commit: revision, want: revision } : pickRef(refs, revision);
      const pinned = pin === undefined ? undefined : pickPin(refs, pin);
      last = [followed, ...(pinned && 'commit' in pinned ? [pinned] : [])];
      const other = beside && refs.find(({ name }) => name === beside)?.oid;
      return {
        ...namedBy(followed),
        beside: other,
        below: below === undefined ? undefined : refsBelow(refs, below),
        pinned: pinned && 'commit' in pinned ? namedBy(pinned) : pinned,
      };
    },

    async fetch(commit, signal, pinned = false) {
      const kind = pinned ? 'pinned' : 'followed';
      if (!isCommitId(commit)) throw new SourceError('notFound', `${JSON.stringify(commit)} is not a full commit ID`);
      const one = <T>(work: () => Promise<T>): Promise<T> => inTurn(work);
      const more = (oids: string[]): Promise<void> => one(() => wire.objects(oids, commit, signal));
      open++;
      try {
        // A merge may leave out objects that another snapshot still reads.
        if (open === 1) await one(() => store.tidy(signal));
        const want = last.find((each) => each.commit === commit)?.want ?? commit;
        await one(() => wire.commit(commit, { want, pinned }, signal));
        if (!hasPin && !pinned) await one(store.unpin);
        await requireCommit(store, commit);
        await readAhead(store, commit, asked[kind], more);
        const paths = new Set<string>();
        return await gitSnapshot({
          objects: lazyObjects(store, more),
          commit,
          folder,
          origin,
          limits,
          onAsked: (path) => paths.add(path),
          open: (trees) => one(() => openTrees(trees, commit, signal)),
          dispose: async () => {
            // If only folder IDs of this commit were compared, it says nothing about the next reads.
            if (paths.size > 0) asked[kind] = paths;
            release();
          },
        });
      } catch (error) {
        release();
        throw error;
      }
    },

    history: (tip, known, signal, most) => inTurn(() => wire.history(tip, known, signal, most)),
    object: (oid, type, signal) => inTurn(() => wire.object(oid, type, signal)),
    close: () => {
      store.rest();
      wire.close();
    },
  };
}

/** A server may list any number of refs. */
const MOST_BELOW = 10_000;

function refsBelow(refs: readonly RemoteRef[], prefix: string): ReadonlyMap<string, string> {
  const found = refs.filter(({ name }) => name.startsWith(prefix)).slice(0, MOST_BELOW);
  return new Map(found.map(({ name, oid }) => [name.slice(prefix.length), oid]));
}

async function requireCommit(store: ObjectStore, commit: string): Promise<void> {
  const type = (await store.find(commit))?.type;
  if (type === 'commit') return;
  throw new SourceError(
    'notFound',
    type === undefined
      ? `The Git server sent other objects than commit ${shortRevision(commit)}: it may have been rewritten meanwhile`
      : `The revision names a ${type} and not a commit`,
  );
}
