import { createHash } from 'node:crypto';
import type { ContainerFile, ContainerSpec, Hooks } from '../../model/spec.ts';
import type { DesiredContainer } from '../../model/state.ts';
import { fieldsWhere } from '../fields/table.ts';
import { stableText } from '../json.ts';

const UNORDERED: ReadonlySet<string> = new Set(fieldsWhere(({ unordered }) => unordered));

/**
 * 16 hex digits for a spec without the content of its Files (contentDigest has that). A hint: the same spec has the same hash in every version
 * of Holdfast that knows its keys, but a different hash alone says nothing about the container.
 */
export function specHash(spec: object): string {
  const known = hashes.get(spec);
  if (known !== undefined) return known;
  const hash = hashOf(spec);
  hashes.set(spec, hash);
  return hash;
}

/** The same for a wanted container: values that were decrypted count by their digests, so that nobody can guess them by the hash. */
export const containerHash = (wanted: Pick<DesiredContainer, 'spec' | 'covered'>): string =>
  wanted.covered === undefined ? specHash(wanted.spec) : hashOf(coveredSpec(wanted));

/** The spec with digests in place of the values that were decrypted. */
export const coveredSpec = ({ spec, covered }: Pick<DesiredContainer, 'spec' | 'covered'>): ContainerSpec =>
  covered === undefined ? spec : { ...spec, Env: { ...spec.Env, ...covered } };

/** A spec never changes, and a pass asks for its hash several times. */
const hashes = new WeakMap<object, string>();

function hashOf(spec: object): string {
  const plain = Object.entries(spec)
    .filter(([key]) => key !== 'Files')
    .map(
      ([key, value]) =>
        [key, UNORDERED.has(key) && Array.isArray(value) ? value.map(stableText).sort() : value] as const,
    );
  return sha256(stableText(Object.fromEntries(plain)));
}

/** 16 hex digits for the files that are copied into a container: paths, owners, modes and content; "" for none. */
export function contentDigest(files: ContainerSpec['Files']): string {
  if (!files?.length) return '';
  const hash = createHash('sha256');
  for (const file of [...files].sort((a, b) => (a.path < b.path ? -1 : 1))) {
    hash.update(`${head(file)}\n`).update(file.content);
  }
  return hash.digest('hex').slice(0, 16);
}

/** 16 hex digits for the hooks that follow a start; "" for none. */
export const hooksDigest = (hooks: Hooks | undefined): string =>
  hooks?.postStart.length ? sha256(stableText(hooks.postStart)) : '';

const head = ({ path, mode, uid, gid, content }: ContainerFile): string =>
  JSON.stringify([path, mode, uid, gid, content.length]);

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex').slice(0, 16);
