import { nameFault } from '../git/objects/entry-name.ts';
import { SourceError } from '../lib/errors.ts';
import { byCodeUnit } from '../lib/text/by-code-unit.ts';

/** The parts of a path below a snapshot's root; none for the root itself. Throws SourceError for a path that could lead out of it. */
export function segments(path: string): string[] {
  if (path === '') return [];
  if (Buffer.byteLength(path) > LONGEST_PATH)
    throw new SourceError('path', `A path in the config repo is longer than ${LONGEST_PATH} bytes`);
  const parts = path.split('/');
  for (const part of parts) {
    const fault = nameFault(part);
    if (fault) throw new SourceError('path', `${JSON.stringify(path)} is not a path inside the config repo: ${fault}`);
  }
  return parts;
}

/** The longest path that Linux opens. */
const LONGEST_PATH = 4095;

/** `--path` as people write it (`./edge/`, `edge`, ``) as a path below the root. */
export function normalizeFolder(path: string | undefined): string {
  const parts = (path ?? '').split('/').filter((part) => part !== '' && part !== '.');
  if (path?.startsWith('/'))
    throw new SourceError('path', `The path ${path} must be relative to the config repo's root`);
  return segments(parts.join('/')).join('/');
}

/** Links and submodules are never followed: what they lead to is not under the commit that was accepted. */
export function linkError(path: string, kind: 'symlink' | 'submodule'): SourceError {
  const what = kind === 'symlink' ? 'a symbolic link' : 'a submodule';
  return new SourceError(
    'path',
    `${path} is ${what}; Holdfast does not follow ${kind}s in a config repo. Put the files themselves there`,
  );
}

/** By code unit, as Git and `list` promise it; independent of the locale. */
export const byName = (a: { name: string }, b: { name: string }): number => byCodeUnit(a.name, b.name);
