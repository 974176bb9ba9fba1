import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { open, stat } from 'node:fs/promises';
import { InputError } from '../../lib/errors.ts';
import type { PushedRef } from './clone.ts';

/** What a bundle is made of. */
export interface BundleContent {
  refs: readonly Pick<PushedRef, 'name' | 'oid'>[];
  /** Commits that are there already. */
  prerequisites: readonly string[];
  /** Objects that are there already, the prerequisites among them. */
  without: readonly string[];
}

export interface BundleFile {
  path: string;
  digest: string;
  size: number;
}

/**
 * Writes a Git bundle, version 2, to a new file. By hand and not by `git bundle`, which leaves out every ref whose commit is no news. Throws
 * InputError with Git's words. Source: gitformat-bundle(5).
 */
export async function writeBundle(dir: string, path: string, content: BundleContent): Promise<BundleFile> {
  const { refs, prerequisites, without } = content;
  const lines = [
    '# v2 git bundle',
    ...prerequisites.map((oid) => `-${oid} `),
    ...refs.map(({ name, oid }) => `${oid} ${name}`),
    '',
  ];
  const file = await open(path, 'wx', 0o600);
  try {
    await file.write(lines.map((line) => `${line}\n`).join(''));
    const input = [...refs.map(({ oid }) => oid), ...without.map((oid) => `^${oid}`)];
    await packObjects(dir, file.fd, input.map((line) => `${line}\n`).join(''));
  } finally {
    await file.close();
  }
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(path)) hash.update(chunk as Buffer);
  return { path, digest: `sha256:${hash.digest('hex')}`, size: (await stat(path)).size };
}

function packObjects(dir: string, output: number, input: string): Promise<void> {
  // A bitmap would leave out what is anywhere in the history before, and a site need not have kept that.
  const args = ['pack-objects', '--revs', '--thin', '--stdout', '--delta-base-offset', '--no-use-bitmap-index', '-q'];
  return new Promise((resolve, reject) => {
    const child = spawn('git', args, { cwd: dir, stdio: ['pipe', output, 'pipe'] });
    let words = '';
    child.stderr?.on('data', (chunk: Buffer) => {
      words = `${words}${chunk.toString('utf8')}`.slice(-2000);
    });
    child.on('error', reject);
    child.on('close', (code) => {
      if (code === 0) resolve();
      else reject(InputError.of(`git pack-objects failed: ${words.trim() || `exit code ${code}`}`));
    });
    // A program that ends before it has read says why by its exit code.
    child.stdin?.on('error', () => {});
    child.stdin?.end(input);
  });
}
