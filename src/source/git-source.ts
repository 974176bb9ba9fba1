import type { Clock } from '../lib/clock.ts';
import { SourceError } from '../lib/errors.ts';
import { fetchPack, packOf } from './fetch-pack.ts';
import { gitSnapshot } from './git-snapshot.ts';
import { walkHistory } from './history.ts';
import { DEFAULT_LIMITS, type HttpLimits, httpClient } from './http.ts';
import { httpTransport } from './http-transport.ts';
import { type ObjectStore, removeLeftovers, storePack } from './object-store.ts';
import { candidateNames, isCommitId, pickRef, type Resolved } from './refs.ts';
import { type CredentialsProvider, parseRemote } from './remote.ts';
import type { Source } from './source.ts';
import { normalizeFolder } from './tree-path.ts';

export interface GitSourceOptions {
  /** http:// or https://. User and password in it are used where `credentials` has none, and appear nowhere. */
  url: string;
  /** A branch, a tag, a full ref or a full commit ID. Default: the remote's HEAD. */
  revision?: string;
  /** The config repo's folder in the repo. Default: its root. */
  path?: string;
  /** A folder for what is fetched; its contents are worthless after a restart. Used by nobody else. */
  dir: string;
  credentials?: CredentialsProvider;
  caFile?: string;
  limits?: Partial<HttpLimits>;
  clock: Clock;
}

/** A Git repo over HTTP(S). Throws InputError for a URL that cannot be used, SourceError for a path or a revision. */
export function gitSource(options: GitSourceOptions): Source {
  const remote = parseRemote(options.url);
  const folder = normalizeFolder(options.path);
  const { revision, dir, clock } = options;
  candidateNames(revision);
  const client = httpClient({
    clock,
    credentials: async () => (await options.credentials?.()) ?? remote.credentials,
    limits: { ...DEFAULT_LIMITS, ...options.limits },
    ...(options.caFile !== undefined && { caFile: options.caFile }),
  });
  const transport = httpTransport(client, remote.url);
  const origin = {
    description: `${remote.url}${folder && ` (${folder})`}${revision === undefined ? '' : ` at ${revision}`}`,
    name: folder.split('/').at(-1) || remote.name,
  };
  let last: Resolved | undefined;
  let cleaned: Promise<void> | undefined;

  return {
    origin,
    warnings: remote.credentials
      ? [
          `The URL of the repo holds credentials, which end up in process lists and histories; they are used, and left out of ${remote.url} everywhere. Better give them by file`,
        ]
      : [],

    async poll(signal) {
      if (revision !== undefined && isCommitId(revision)) return { commit: revision };
      last = pickRef(await transport.refs(candidateNames(revision), signal), revision);
      return { commit: last.commit, ...(last.want !== last.commit && { tag: last.want }) };
    },

    async fetch(commit, signal) {
      if (!isCommitId(commit)) throw new SourceError('notFound', `${JSON.stringify(commit)} is not a full commit ID`);
      cleaned ??= removeLeftovers(dir);
      await cleaned.catch((error: unknown) => {
        cleaned = undefined;
        throw error;
      });
      const want = last?.commit === commit ? last.want : commit;
      const store = await storePack(dir, fetchPack(transport, want, signal));
      try {
        await requireCommit(store, commit);
        return await gitSnapshot(store, commit, folder, origin);
      } catch (error) {
        await store.dispose();
        throw error;
      }
    },

    async history(tip, known, signal) {
      const wanted = [`want ${tip}`, ...known.map((oid) => `have ${oid}`), 'filter tree:0'];
      const store = await storePack(dir, packOf(transport, wanted, signal));
      try {
        return await walkHistory(tip, new Set(known), (oid) => readIfThere(store, oid));
      } finally {
        await store.dispose();
      }
    },

    async object(oid, type, signal) {
      const wanted = [`want ${oid}`, 'deepen 1', 'filter tree:0'];
      const store = await storePack(dir, packOf(transport, wanted, signal));
      try {
        return await store.read(oid, type);
      } finally {
        await store.dispose();
      }
    },

    close: () => transport.close(),
  };
}

async function readIfThere(store: ObjectStore, oid: string): Promise<Uint8Array | undefined> {
  return (await store.typeOf(oid)) === undefined ? undefined : store.read(oid, 'commit');
}

async function requireCommit(store: ObjectStore, commit: string): Promise<void> {
  const type = await store.typeOf(commit);
  if (type === 'commit') return;
  throw new SourceError(
    type === undefined ? 'notFound' : 'protocol',
    type === undefined
      ? `The Git server sent other objects than commit ${commit.slice(0, 12)}: it may have been rewritten meanwhile`
      : `The revision names a ${type} and not a commit`,
  );
}
