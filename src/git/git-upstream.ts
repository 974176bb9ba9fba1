import type { Clock } from '../lib/clock.ts';
import { SourceError } from '../lib/errors.ts';
import { shortRevision } from '../lib/text/revision.ts';
import { treeOf } from './objects/git-object.ts';
import type { CommitObject } from './objects/history.ts';
import { parentsOf, walkHistory } from './objects/history.ts';
import { packOf } from './protocol/fetch-pack.ts';
import type { Head } from './store/heads.ts';
import { healBudget } from './store/heal-budget.ts';
import type { ObjectStore } from './store/object-store.ts';
import type { StoreLimits } from './store-limits.ts';
import type { Transport } from './transport/transport.ts';
import type { Upstream, Wanted } from './upstream.ts';

/** The most bytes that changed folders may cost, those of other sites too. Above it, asking for the site's own folders by name is cheaper. */
const MOST_CHANGES = 48 * 1024;
/** Files below a folder that is fetched whole. A larger one is asked for when it is read. */
const SMALL_FILE = 64 * 1024;
/** Names in one request: 50 bytes each. */
const MOST_WANTED = 1_000;
const MOST_GIVEN = 5_000;
/** Commits of which it is remembered how to ask for them: the followed one and the pinned one count. */
const MOST_AT_ONCE = 16;

/**
 * A Git server: asks it for what the store does not have, and for as little of it as the server lets be asked for.
 *
 * With filters, objects are asked for one by one, by name, as they are needed; folders that
 * changed between two commits come as deltas in one small answer. Without, a commit comes with all of its files, as deltas against the commit before where that is here.
 */
export function gitUpstream(transport: Transport, store: ObjectStore, limits: StoreLimits, clock: Clock): Upstream {
  const healing = healBudget(limits, clock);

  /** The requests for the commits that are read now. */
  const wanted = new Map<string, Wanted>();
  const howOf = (commit: string): Wanted => wanted.get(commit) ?? { want: commit, pinned: false };
  const keep = (oid: string, whole: boolean): Promise<void> =>
    store.keep({ oid, whole, ...(howOf(oid).pinned && { pinned: true }) });
  /** The bases of deltas: the commit before of the same kind, which is the most similar. */
  const bases = async (commit: string): Promise<readonly Head[]> => {
    const heads = await store.heads();
    const isAlike = ({ pinned = false }: Head): boolean => pinned === howOf(commit).pinned;
    return [...heads.filter(isAlike), ...heads.filter((head) => !isAlike(head))];
  };
  /** Objects that came by name: one that is asked for again was damaged, or lost. */
  const given = new Set<string>();

  const add = (
    args: readonly string[],
    signal: AbortSignal,
    counted?: (bytes: number) => void,
    onShallow?: (oid: string) => void,
  ) => store.add(metered(packOf(transport, args, signal, onShallow), counted), signal);

  const can = async (what: string, signal: AbortSignal): Promise<boolean> =>
    (await transport.capabilities(signal)).has(what);

  /** A server may offer filters and refuse those that are needed; then it is one without. */
  let refusesFilters = false;
  const withFilters = async <T>(signal: AbortSignal, work: (filters: boolean) => Promise<T>): Promise<T> => {
    if (refusesFilters || !(await can('filter', signal))) return work(false);
    try {
      return await work(true);
    } catch (error) {
      // Source: git's upload-pack.c, "filter '%s' not supported" and "tree filter allows max depth %d".
      if (!(error instanceof SourceError && error.kind === 'protocol' && /\bfilter\b/.test(error.message))) throw error;
      refusesFilters = true;
      return work(false);
    }
  };

  const shallow = async (signal: AbortSignal): Promise<string[]> =>
    (await can('shallow', signal)) ? ['deepen 1'] : [];

  /** A request that says what is here, so that changes come as deltas against it. */
  const changesSince = async (head: string, want: string, signal: AbortSignal): Promise<string[]> => {
    const depth = await shallow(signal);
    return ['thin-pack', ...(depth.length > 0 ? [`shallow ${head}`] : []), ...depth, `want ${want}`, `have ${head}`];
  };

  const isHere = async (oid: string): Promise<boolean> => (await store.find(oid)) !== undefined;

  /** A commit alone is what its history was asked for with. */
  const hasRoot = async (commit: string): Promise<boolean> => {
    const found = await store.find(commit);
    const root = found?.type === 'commit' ? treeOf(found.content) : undefined;
    return root !== undefined && isHere(root);
  };

  const byName = async (commit: string, want: string, signal: AbortSignal): Promise<void> => {
    const depth = await shallow(signal);
    for (const { oid } of await bases(commit)) {
      if (!(await isHere(oid))) continue;
      const args = [...(await changesSince(oid, want, signal)), 'filter blob:none'];
      await add(args, signal, upTo(MOST_CHANGES)).catch((error: unknown) => {
        if (!(error instanceof TooManyChanges)) throw error;
      });
      break;
    }
    // `tree:1` is the commit and its root folder.
    if (await hasRoot(commit)) return;
    const spend = (await store.had(commit)) ? healing() : undefined;
    await add([...depth, `want ${want}`, 'filter tree:1'], signal, spend);
  };

  /** All of a commit; `isHealing` where it had been here before. */
  const whole = async (commit: string, want: string, signal: AbortSignal, isHealing: boolean): Promise<void> => {
    const depth = await shallow(signal);
    const spend = isHealing ? healing() : undefined;
    const { unresolved } = await add([...depth, `want ${want}`], signal, spend);
    if (unresolved > 0) throw new SourceError('protocol', 'The Git server sent changes to files that it did not send');
    if (await isHere(commit)) await keep(commit, true);
  };

  const allOf = async (commit: string, want: string, signal: AbortSignal): Promise<void> => {
    const heads = await bases(commit);
    if (heads.some(({ oid, whole }) => whole && oid === commit) && (await isHere(commit))) {
      if (howOf(commit).pinned) await keep(commit, true);
      return;
    }
    for (const head of heads) {
      if (!head.whole || !(await isHere(head.oid))) continue;
      const { unresolved } = await add(await changesSince(head.oid, want, signal), signal);
      if (unresolved > 0 || !(await isHere(commit))) break;
      return keep(commit, true);
    }
    await whole(commit, want, signal, heads.length > 0);
  };

  return {
    async commit(commit, how, signal) {
      const { want } = how;
      if (wanted.size > MOST_AT_ONCE) wanted.clear();
      wanted.set(commit, how);
      await withFilters(signal, async (filters) => {
        if (!filters) return allOf(commit, want, signal);
        if (!(await hasRoot(commit))) await byName(commit, want, signal);
        if (await isHere(commit)) await keep(commit, false);
      });
    },

    async objects(oids, of, signal, open = false) {
      await withFilters(signal, async (filters) => {
        if (!filters) return whole(of, howOf(of).want, signal, true);
        const filter = open ? `filter blob:limit=${SMALL_FILE}` : 'filter tree:0';
        const isAgain = oids.some((oid) => given.has(oid)) || (await Promise.all(oids.map(store.had))).includes(true);
        const spend = isAgain ? healing() : undefined;
        for (let at = 0; at < oids.length; at += MOST_WANTED)
          await add([...oids.slice(at, at + MOST_WANTED).map((oid) => `want ${oid}`), filter], signal, spend);
        if (given.size > MOST_GIVEN) given.clear();
        for (const oid of oids) given.add(oid);
      });
    },

    async history(tip, known, signal, most = Number.POSITIVE_INFINITY) {
      let isComplete = true;
      const read = async (oid: string): Promise<Uint8Array | undefined> => {
        const found = await store.find(oid);
        if (found?.type !== 'commit') isComplete = false;
        return found?.type === 'commit' ? found.content : undefined;
      };
      const isKnown = new Set(known);
      if (isKnown.has(tip)) return [];
      if (await isHere(tip)) {
        const here = await walkHistory(tip, isKnown, read);
        if (isComplete) return here;
      }
      const args = [`want ${tip}`, ...known.map((oid) => `have ${oid}`)];
      const cut = new Set<string>();
      await withFilters(signal, (filters) =>
        add([...args, ...(filters ? ['filter tree:0'] : [])], signal, upTo(most), (oid) => cut.add(oid)),
      );
      const found = await walkHistory(tip, isKnown, read);
      await requireWhole(found, isKnown, cut);
      return found;
    },

    async object(oid, type, signal) {
      if (!(await isHere(oid))) {
        const args = [...(await shallow(signal)), `want ${oid}`];
        await withFilters(signal, (filters) => add([...args, ...(filters ? ['filter tree:0'] : [])], signal));
      }
      return store.read(oid, type);
    },

    refs: (prefixes, signal) => transport.refs(prefixes, signal),
    close: () => transport.close(),
  };
}

/** A server that is itself a shallow clone cannot show what follows what: that is no sign that anybody rewrote the history. Throws SourceError. */
async function requireWhole(
  found: readonly CommitObject[],
  known: ReadonlySet<string>,
  cut: ReadonlySet<string>,
): Promise<void> {
  const first = found.find(({ oid }) => cut.has(oid));
  if (!first || known.size === 0) return;
  for (const commit of found) if (parentsOf(await commit.content()).some((oid) => known.has(oid))) return;
  throw new SourceError(
    'protocol',
    `The Git server has a shallow copy of the repo, which begins at commit ${shortRevision(first.oid)}: it cannot show that its commits follow those that were accepted. Give it the whole history (git fetch --unshallow)`,
  );
}

class TooManyChanges extends SourceError {
  constructor(most: number) {
    super('limit', `More than ${most} bytes changed`);
  }
}

function upTo(most: number): (bytes: number) => void {
  let bytes = 0;
  return (more) => {
    bytes += more;
    if (bytes > most) throw new TooManyChanges(most);
  };
}

async function* metered(pack: AsyncIterable<Buffer>, counted?: (bytes: number) => void): AsyncGenerator<Buffer> {
  for await (const data of pack) {
    counted?.(data.length);
    yield data;
  }
}
