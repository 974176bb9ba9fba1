import { isCommitId, mayBeRefName, type RemoteRef } from '../../git/refs.ts';
import { SourceError } from '../../lib/errors.ts';
import type { Named } from '../source.ts';
import { majorOf, parseRange, parseVersion, type Range } from './version-range.ts';

/** The commit that a revision names on the remote now. */
export interface Resolved {
  commit: string;
  /** The object to ask a server for that gives out only what its refs name: differs from `commit` for an annotated tag. */
  want: string;
  /** The name of the ref. */
  ref?: string;
}

/** A revision that is a range of versions: it holds what no name of a branch or tag begins with or may hold, so `1.2` and `1.x` are names. */
function rangeOf(revision: string | undefined): Range | undefined {
  if (revision === undefined || !/^[<>=]|[\^~*]|\|\|| - /.test(revision)) return undefined;
  const range = parseRange(revision);
  if (!range)
    throw new SourceError('notFound', `${JSON.stringify(revision)} is no range of versions, as ^1.2 or >=1.2 <3`);
  return range;
}

/**
 * The names that a revision may have on the remote, or what they begin with where it is a range of versions. No revision: the remote's HEAD. Throws
 * SourceError for what Git forbids in a ref.
 */
export function candidateNames(revision: string | undefined): string[] {
  if (revision === undefined || revision === 'HEAD') return ['HEAD'];
  const range = rangeOf(revision);
  if (range) {
    // A repo may have thousands of tags, each listed at each poll.
    const major = majorOf(range);
    return major === undefined ? ['refs/tags/'] : [`refs/tags/${major}.`, `refs/tags/v${major}.`];
  }
  if (!mayBeRefName(revision)) {
    throw new SourceError('notFound', `${JSON.stringify(revision)} cannot be the name of a branch or a tag`);
  }
  if (revision.startsWith('refs/')) return [revision];
  return [`refs/heads/${revision}`, `refs/tags/${revision}`];
}

/** Checks the text of a person for a revision: a commit ID or a name. Throws SourceError for what can be neither. */
export function requireRevision(text: string): void {
  if (!isCommitId(text)) candidateNames(text);
}

/** Finds the listed ref that a revision names. Throws SourceError when none is, or when a branch and a tag share the name. */
export function pickRef(refs: readonly RemoteRef[], revision: string | undefined): Resolved {
  const range = rangeOf(revision);
  if (range) return pickVersion(refs, range, revision ?? '');
  const names = candidateNames(revision);
  const found = names.flatMap((name) => refs.filter((ref) => ref.name === name));
  const [ref, other] = found;
  if (!ref) {
    throw new SourceError(
      'notFound',
      names[0] === 'HEAD'
        ? 'The Git repo has no commits yet, or its default branch does not exist (--revision names another)'
        : `The Git repo has no branch and no tag ${JSON.stringify(revision)}${/^[0-9a-f]{7,39}$/.test(revision ?? '') ? '; a commit is named by its full ID, of 40 digits' : ''}`,
    );
  }
  if (other && other.peeled !== ref.oid && (other.peeled ?? other.oid) !== (ref.peeled ?? ref.oid)) {
    throw new SourceError(
      'notFound',
      `The Git repo has a branch and a tag ${revision}: say which is meant, as refs/heads/${revision} or refs/tags/${revision}`,
    );
  }
  return { commit: ref.peeled ?? ref.oid, want: ref.oid, ref: ref.name };
}

/** As a source tells it. */
export function namedBy({ commit, want, ref }: Resolved): Named {
  return { commit, tag: want === commit ? undefined : want, ref };
}

/** The listed ref that a Site's pin names. A pin that names nothing is an answer and no error, so that the rest is still followed. */
export function pickPin(refs: readonly RemoteRef[], pin: string): Resolved | { missing: string } {
  if (isCommitId(pin)) return { commit: pin, want: pin };
  try {
    return pickRef(refs, pin);
  } catch (error) {
    if (!(error instanceof SourceError)) throw error;
    return { missing: error.message };
  }
}

const TAGS = 'refs/tags/';

/** The tag of the highest version in a range. If several are the same version, as `v1.2.0` and `1.2.0`, the last by name. */
function pickVersion(refs: readonly RemoteRef[], range: Range, revision: string): Resolved {
  const versions = refs.flatMap((ref) => {
    const version = ref.name.startsWith(TAGS) ? parseVersion(ref.name.slice(TAGS.length)) : undefined;
    return version && range.test(version) ? [{ ref, version }] : [];
  });
  const byVersion = versions.sort((a, b) => a.version.compare(b.version) || (a.ref.name < b.ref.name ? -1 : 1));
  const highest = byVersion.at(-1)?.ref;
  if (!highest)
    throw new SourceError(
      'notFound',
      `The Git repo has no tag with a version in the range ${JSON.stringify(revision)}`,
    );
  return { commit: highest.peeled ?? highest.oid, want: highest.oid, ref: highest.name };
}
