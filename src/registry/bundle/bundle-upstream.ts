import { tagTarget, treeOf } from '../../git/objects/git-object.ts';
import { walkHistory } from '../../git/objects/history.ts';
import type { PackFiles } from '../../git/pack/pack-files.ts';
import type { RemoteRef } from '../../git/refs.ts';
import { healBudget } from '../../git/store/heal-budget.ts';
import { diskError, type ObjectStore } from '../../git/store/object-store.ts';
import { overLimit, type StoreLimits } from '../../git/store-limits.ts';
import type { Upstream } from '../../git/upstream.ts';
import type { Clock } from '../../lib/clock.ts';
import { SourceError } from '../../lib/errors.ts';
import { shortRevision } from '../../lib/text/revision.ts';
import { type Layer, MOST_LAYERS } from '../oci/artifact.ts';
import { type BundleHeader, openBundle } from './bundle-header.ts';
import { type BundleNote, readNote, writeNote } from './bundle-note.ts';
import type { Shelf } from './shelf.ts';

/**
 * A repo that comes as Git bundles. A poll takes in the bundles that are new, whole: a registry cannot be asked for less. Objects that are missing
 * afterwards, since the disk lost them or a merge left them out, are looked for in all bundles once more, under the same budget as what decayed.
 */
export function bundleUpstream(
  shelf: Shelf,
  store: ObjectStore,
  files: PackFiles,
  limits: StoreLimits,
  clock: Clock,
): Upstream {
  const healing = healBudget(limits, clock);
  let note: BundleNote | undefined;
  /** Layers that came as they should and cannot be used: what is wrong with them is not looked at again soon. */
  const refused = new Map<string, { error: SourceError; at: number }>();
  const refuse = (digest: string, error: SourceError): void => {
    if (refused.size >= MOST_NOTED) refused.clear();
    refused.set(digest, { error, at: clock.monotonic() });
  };
  /** The version of which everything was taken in once more. */
  let restored: string | undefined;

  const known = (): BundleNote => {
    if (!note) {
      note = onDisk(() => readNote(files));
      store.retain(retainedOf(note.refs));
    }
    return note;
  };
  const remember = (next: BundleNote): void => {
    note = next;
    store.retain(retainedOf(next.refs));
    onDisk(() => writeNote(files, next));
  };
  const isHere = async (oid: string): Promise<boolean> => (await store.find(oid)) !== undefined;

  /** Takes one bundle in; what it names. Throws MissingBase where it goes on from something that is not here. */
  const take = async (
    layer: Layer,
    signal: AbortSignal,
    spend?: (bytes: number) => void,
  ): Promise<BundleHeader['refs']> => {
    const { header, pack, leave } = await openBundle(shelf.open(layer, signal));
    let isWhole = false;
    const onEnd = (): void => {
      isWhole = true;
    };
    try {
      for (const oid of header.prerequisites) if (!(await isHere(oid))) throw new MissingBase(shelf.name);
      const { unresolved } = await store.add(counted(pack, onEnd, spend), signal);
      if (unresolved > 0) throw new MissingBase(shelf.name);
      return header.refs;
    } catch (error) {
      if (isWhole && error instanceof SourceError && isOfContent(error)) refuse(layer.digest, error);
      throw error;
    } finally {
      await leave();
    }
  };

  const takeAll = async (layers: readonly Layer[], signal: AbortSignal, spend?: (bytes: number) => void) => {
    let refs: BundleHeader['refs'] | undefined;
    for (const layer of layers) {
      refs = await take(layer, signal, spend);
      // A link that breaks now does not cost this one again.
      const { layers: before, ...rest } = known();
      if (!before.includes(layer.digest)) remember({ ...rest, layers: [...before, layer.digest].slice(-MOST_NOTED) });
    }
    return refs;
  };

  /** The header of a bundle, without its pack. */
  const peek = async (layer: Layer, signal: AbortSignal): Promise<BundleHeader['refs']> => {
    const { header, leave } = await openBundle(shelf.open(layer, signal));
    await leave();
    return header.refs;
  };

  const takeIn = async (version: string, signal: AbortSignal): Promise<void> => {
    const layers = await shelf.layers(version, signal);
    requireRoom(layers, limits);
    for (const { digest } of layers) {
      const before = refused.get(digest);
      if (before && clock.monotonic() - before.at < REFUSED_FOR) throw before.error;
    }
    const held = new Set(known().layers);
    for (const { digest, replaces } of layers)
      if (replaces.length > 0 && replaces.every((each) => held.has(each))) held.add(digest);
    const missing = layers.filter(({ digest }) => !held.has(digest));
    /** The refs of the last bundle, once these are here. */
    const refsAfter = async (which: readonly Layer[], spend?: (bytes: number) => void): Promise<RemoteRef[]> => {
      const named = await takeAll(which, signal, spend);
      const [last] = layers.slice(-1);
      if (last && which.includes(last) && named) return peeled(named);
      return last ? peeled(await peek(last, signal)) : [];
    };
    const refs = await refsAfter(missing).catch((error: unknown) => {
      if (!(error instanceof MissingBase)) throw error;
      // Their bases were here, as far as was known.
      return refsAfter(layers, healing()).catch((reason: unknown) => {
        // Nor will it be different the next time.
        if (reason instanceof MissingBase) for (const { digest } of layers.slice(-1)) refuse(digest, reason);
        throw reason;
      });
    });
    refused.clear();
    remember({ version, layers: layers.map(({ digest }) => digest), refs });
    // Also where nothing of it will be accepted: it must not pile up.
    await store.tidy(signal);
  };

  const peeled = async (named: BundleHeader['refs']): Promise<RemoteRef[]> => {
    const before = new Map(known().refs.map((ref) => [`${ref.oid} ${ref.name}`, ref]));
    const refs: RemoteRef[] = [];
    for (const { oid, name } of named) {
      const ref = before.get(`${oid} ${name}`) ?? (await peel(store, oid, name));
      if (ref) refs.push(ref);
    }
    return refs;
  };

  const refresh = async (signal: AbortSignal): Promise<void> => {
    const version = await shelf.version(signal);
    if (version !== known().version) await takeIn(version, signal);
  };

  /** Takes everything in once more. False where that was done before and nothing decayed since. */
  const restore = async (oids: readonly string[], signal: AbortSignal): Promise<boolean> => {
    const { version } = known();
    if (version === undefined) return false;
    const decayed = (await Promise.all(oids.map(store.had))).includes(true);
    if (restored === version && !decayed) return false;
    const layers = await shelf.layers(version, signal);
    await takeAll(layers, signal, healing());
    restored = version;
    return true;
  };

  /** True if a commit was here: merges keep all commits, so one that never was is not looked for. */
  const isLost = async (commit: string): Promise<boolean> => {
    if ((await isHere(commit)) || (await store.had(commit))) return true;
    for (const { oid, peeled } of known().refs) if (!(await isHere(peeled ?? oid))) return true;
    return false;
  };

  const hasRoot = async (commit: string): Promise<boolean> => {
    const found = await store.find(commit);
    const root = found?.type === 'commit' ? treeOf(found.content) : undefined;
    return root !== undefined && isHere(root);
  };

  return {
    async refs(prefixes, signal) {
      await refresh(signal);
      return known().refs.filter(({ name }) => prefixes.some((prefix) => name.startsWith(prefix)));
    },

    async commit(commit, { pinned }, signal) {
      if (!(await hasRoot(commit))) await refresh(signal);
      if (!(await hasRoot(commit)) && (await isLost(commit))) await restore([commit], signal);
      if (!(await hasRoot(commit)))
        throw new SourceError('notFound', `There is no commit ${shortRevision(commit)} in ${shelf.name}`);
      await store.keep({ oid: commit, whole: true, ...(pinned && { pinned }) });
    },

    async objects(oids, _of, signal) {
      await restore(oids, signal);
    },

    async history(tip, known, signal) {
      const isKnown = new Set(known);
      if (isKnown.has(tip)) return [];
      let absent: string[] = [];
      const read = async (oid: string): Promise<Uint8Array | undefined> => {
        const found = await store.find(oid);
        if (found?.type === 'commit') return found.content;
        absent.push(oid);
        return undefined;
      };
      if (!(await isHere(tip))) await refresh(signal);
      if (await isHere(tip)) {
        const here = await walkHistory(tip, isKnown, read);
        if (absent.length === 0) return here;
      } else absent = [tip];
      await restore(absent, signal);
      if (!(await isHere(tip)))
        throw new SourceError('notFound', `There is no commit ${shortRevision(tip)} in ${shelf.name}`);
      return walkHistory(tip, isKnown, read);
    },

    async object(oid, type, signal) {
      if (!(await isHere(oid))) await refresh(signal);
      if (!(await isHere(oid))) await restore([oid], signal);
      return store.read(oid, type);
    },

    close: () => shelf.close(),
  };
}

/** A bundle goes on from commits, or changes objects, that are not here. */
class MissingBase extends SourceError {
  constructor(name: string) {
    super('protocol', `${name}: a Git bundle goes on from commits that are not in those before it`);
  }
}

/** The cause may also have been too little memory. */
const REFUSED_FOR = 3_600_000;

/** Where no state can be taken in whole, some of each. */
const MOST_NOTED = 2 * MOST_LAYERS;

/** Not of the disk, whose errors have a cause, nor of a base that can still come. */
const isOfContent = (error: SourceError): boolean =>
  !(error instanceof MissingBase) && error.kind !== 'aborted' && !(error.kind === 'limit' && error.cause !== undefined);

/** Longer than anybody tags tags. */
const LONGEST_TAG = 10;

/** A ref with what it stands for; undefined for one that names no commit in the end. */
async function peel(store: ObjectStore, oid: string, name: string): Promise<RemoteRef | undefined> {
  let at = oid;
  for (let depth = 0; depth < LONGEST_TAG; depth++) {
    const found = await store.find(at);
    if (!found) throw new MissingBase(name);
    if (found.type === 'commit') return { oid, name, ...(at !== oid && { peeled: at }) };
    const next = found.type === 'tag' ? tagTarget(found.content) : undefined;
    if (next === undefined) return undefined;
    at = next;
  }
  return undefined;
}

/** Kept by merges: branches with their files, and the signed content of tags. */
function retainedOf(refs: readonly RemoteRef[]): { whole: string[]; alone: string[] } {
  const isBranch = ({ name }: RemoteRef): boolean => name === 'HEAD' || name.startsWith('refs/heads/');
  return {
    whole: refs.filter(isBranch).map(({ oid, peeled }) => peeled ?? oid),
    alone: refs.flatMap(({ oid, peeled }) => (peeled === undefined ? [oid] : [oid, peeled])),
  };
}

/** Asked before anything is downloaded: what will not be kept need not come. */
function requireRoom(layers: readonly Layer[], limits: StoreLimits): void {
  if (layers.some(({ size }) => size > limits.packBytes)) throw overLimit('packBytes', limits);
  if (layers.reduce((sum, { size }) => sum + size, 0) > limits.diskBytes) throw overLimit('diskBytes', limits);
}

async function* counted(
  pack: AsyncIterable<Buffer>,
  onEnd: () => void,
  spend?: (bytes: number) => void,
): AsyncGenerator<Buffer, void, undefined> {
  for await (const data of pack) {
    spend?.(data.length);
    yield data;
  }
  onEnd();
}

function onDisk<T>(work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw diskError(error);
  }
}
