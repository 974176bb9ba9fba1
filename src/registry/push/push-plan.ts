import type { Clone } from '../../git/clone/clone.ts';
import { InputError } from '../../lib/errors.ts';
import { shortRevision } from '../../lib/text/revision.ts';
import type { BundleHeader } from '../bundle/bundle-header.ts';
import type { Layer } from '../oci/artifact.ts';
import type { BundleContent } from './bundle-file.ts';
import { nextStep } from './layers.ts';
import { commitsOf, isContained, type PushedRef } from './pushed-refs.ts';

type Refs = readonly BundleHeader['refs'][number][];

/** The present content of a tag in a registry. */
export interface Before {
  digest: string;
  layers: readonly Layer[];
  refs: Refs;
  /** The refs of one of its layers. */
  refsOf: (layer: Layer) => Promise<Refs>;
}

export interface PushPlanOptions {
  squash: boolean;
  force: boolean;
  /** True for a ref that takes the place of another, and need not follow it. */
  isReplaced: (name: string) => boolean;
}

export interface LayerPlan {
  kept: readonly Layer[];
  made: (BundleContent & { replaces: readonly string[] })[];
}

/** Decides which layers stay, and which are made. Throws InputError where that would take something back and `force` does not say so. */
export async function planLayers(
  clone: Clone,
  refs: readonly PushedRef[],
  before: Before | undefined,
  { squash, force, isReplaced }: PushPlanOptions,
): Promise<LayerPlan> {
  const anew = { refs, prerequisites: [], without: [], replaces: [] };
  if (!before) return { kept: [], made: [anew] };
  const commits = await commitsIn(clone, before.refs);
  if (!force) await requireForward(clone, refs, before.refs, commits, isReplaced);
  const held = before.refs.filter(({ name }) => !isReplaced(name));
  const tips = refs.map(({ commit }) => commit);
  const isForward = held.every(({ oid }) => commits.has(oid)) && (await isContained(clone, ofAll(held, commits), tips));

  const { layers } = before;
  const [base, ...increments] = layers;
  const step = nextStep(layers, { isForward, squash });
  if (step === 'anew' || !base) return { kept: [], made: [anew] };
  const there = before.refs.filter(({ oid }) => commits.has(oid));
  const more = { refs, ...onTopOf(there, commits), replaces: [] };
  const made = sameRefs(before.refs, refs) ? [] : [more];
  switch (step) {
    case 'append':
      return { kept: layers, made };
    case 'gather': {
      const below = await before.refsOf(base);
      const basis = onTopOf(below, await commitsIn(clone, below));
      const gathered = { refs: there, ...basis, replaces: increments.map(({ digest }) => digest) };
      return { kept: [base], made: [gathered, ...made] };
    }
    case 'fold': {
      const replaces = layers.map(({ digest }) => digest);
      return { kept: [], made: [{ refs: there, prerequisites: [], without: [], replaces }, ...made] };
    }
  }
}

const commitsIn = (clone: Clone, refs: Refs): Promise<ReadonlyMap<string, string>> =>
  commitsOf(
    clone,
    refs.map(({ oid }) => oid),
  );

/** The commits of refs, as far as the clone has them. */
const ofAll = (refs: Refs, commits: ReadonlyMap<string, string>): string[] => [
  ...new Set(refs.flatMap(({ oid }) => commits.get(oid) ?? [])),
];

function onTopOf(refs: Refs, commits: ReadonlyMap<string, string>): Omit<BundleContent, 'refs'> {
  const there = refs.filter(({ oid }) => commits.has(oid));
  const branches = there.filter(({ name }) => name === 'HEAD' || name.startsWith('refs/heads/'));
  return { prerequisites: ofAll(branches, commits), without: [...new Set(there.map(({ oid }) => oid))] };
}

async function requireForward(
  clone: Clone,
  refs: readonly PushedRef[],
  before: Refs,
  commits: ReadonlyMap<string, string>,
  isReplaced: PushPlanOptions['isReplaced'],
): Promise<void> {
  const known = new Map(before.map(({ name, oid }) => [name, oid]));
  // HEAD is one of the others, and says less.
  for (const { name, oid, commit } of [...refs].reverse()) {
    const old = known.get(name);
    if (old === undefined || old === oid || isReplaced(name)) continue;
    const was = commits.get(old);
    const isTag = name.startsWith('refs/tags/');
    if (!isTag && was !== undefined && (await isContained(clone, [was], [commit]))) continue;
    const why = was === undefined ? 'this clone does not have' : `${shortRevision(commit)} does not follow`;
    throw InputError.of(
      `${name} lies there at ${shortRevision(old)}, which ${isTag && was !== undefined ? 'is another tag' : why}`,
      'fetch and merge first, or take it back with --force: sites that ask for signatures go back only by a signed recovery',
    );
  }
}

export function sameRefs(a: Refs, b: Refs): boolean {
  const textOf = (refs: Refs): string =>
    refs
      .map(({ name, oid }) => `${name} ${oid}`)
      .sort()
      .join();
  return textOf(a) === textOf(b);
}
