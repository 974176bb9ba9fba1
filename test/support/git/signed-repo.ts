import { chmod, writeFile } from 'node:fs/promises';
import type { Change, GitRepo } from './git-repo.ts';
import type { KeyPair } from './signing.ts';

/** A signer for Git itself: an SSH key, or an OpenPGP key in a home of its own. */
export type GitSigner = KeyPair | { home: string; fingerprint: string };

export interface SignedChange {
  by?: GitSigner | undefined;
  branch?: string;
  message?: string;
  /** Default: the branch. null for none. */
  from?: string | null;
  parents?: string[];
  /** Moves nothing. */
  aside?: boolean;
}

/** Commits as `git commit -S` does; the commit's ID. */
export async function signedCommit(repo: GitRepo, change: Change, options: SignedChange = {}): Promise<string> {
  const { by, branch = 'main', message = 'Change', from, parents, aside } = options;
  const before = await repo.git(['rev-parse', '-q', '--verify', `refs/heads/${branch}`]).catch(() => undefined);
  const scratch = 'scratch';
  const base = from === undefined ? (before ?? null) : from;
  const plain = await repo.commit(change, { branch: scratch, from: base, message });
  const tree = await repo.git(['rev-parse', `${plain}^{tree}`]);
  const all = parents ?? (base === null ? [] : [base]);
  const commit = await repo.git([
    ...(await signing(by)),
    'commit-tree',
    ...(by ? ['-S'] : []),
    ...all.flatMap((parent) => ['-p', parent]),
    '-m',
    message,
    tree,
  ]);
  await repo.git(['update-ref', '-d', `refs/heads/${scratch}`]);
  if (!aside) await repo.git(['update-ref', `refs/heads/${branch}`, commit]);
  return commit;
}

/** Tags as `git tag -s` does. */
export async function signedTag(repo: GitRepo, name: string, commit: string, by?: GitSigner): Promise<void> {
  await repo.git([...(await signing(by)), 'tag', '-f', by ? '-s' : '-a', '-m', name, name, commit]);
}

async function signing(by: GitSigner | undefined): Promise<string[]> {
  if (!by) return [];
  if ('file' in by) return ['-c', 'gpg.format=ssh', '-c', `user.signingkey=${by.file}`];
  const program = `${by.home}/gpg.sh`;
  await writeFile(program, `#!/bin/sh\nexec gpg --homedir '${by.home}' "$@"\n`);
  await chmod(program, 0o755);
  return ['-c', `gpg.program=${program}`, '-c', `user.signingkey=${by.fingerprint}`];
}
