import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { type FileHandle, open, stat } from 'node:fs/promises';
import type { Clone } from '../../git/clone/clone.ts';
import { objectsToSend } from '../../git/clone/objects-to-send.ts';
import { packEntry, packHead } from '../../git/pack/pack-writer.ts';
import { InputError, SourceError } from '../../lib/errors.ts';
import type { PushedClone, PushedRef } from './pushed-refs.ts';

/** The parts of a bundle. */
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
export async function writeBundle(from: PushedClone, path: string, content: BundleContent): Promise<BundleFile> {
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
    const tips = refs.map(({ oid }) => oid);
    if (!(await packByGit(from.dir, file.fd, tips, without))) await packByHand(from.clone, file, tips, without);
  } finally {
    await file.close();
  }
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(path)) hash.update(chunk as Buffer);
  return { path, digest: `sha256:${hash.digest('hex')}`, size: (await stat(path)).size };
}

/** Packs with the `git` program, which finds what can be sent as a change to something else. False where this machine has no such program. */
function packByGit(dir: string, output: number, tips: readonly string[], without: readonly string[]): Promise<boolean> {
  // A bitmap would leave out what is anywhere in the history before, and a site need not have kept that.
  const args = ['pack-objects', '--revs', '--thin', '--stdout', '--delta-base-offset', '--no-use-bitmap-index', '-q'];
  return new Promise((resolve, reject) => {
    const child = spawn('git', args, { cwd: dir, stdio: ['pipe', output, 'pipe'] });
    let words = '';
    child.stderr?.on('data', (chunk: Buffer) => {
      words = `${words}${chunk.toString('utf8')}`.slice(-2000);
    });
    child.on('error', (error: NodeJS.ErrnoException) => (error.code === 'ENOENT' ? resolve(false) : reject(error)));
    child.on('close', (code) => {
      if (code === 0) resolve(true);
      else reject(InputError.of(`git pack-objects failed: ${words.trim() || `exit code ${code}`}`));
    });
    // A program that ends before it has read says why by its exit code.
    child.stdin?.on('error', () => {});
    child.stdin?.end([...tips, ...without.map((oid) => `^${oid}`)].map((line) => `${line}\n`).join(''));
  });
}

/** Packs every object whole: right, and larger than what Git packs. */
async function packByHand(
  clone: Clone,
  file: FileHandle,
  tips: readonly string[],
  without: readonly string[],
): Promise<void> {
  const oids = await objectsToSend(clone, tips, without);
  const hash = createHash('sha1');
  const write = async (bytes: Buffer): Promise<void> => {
    hash.update(bytes);
    await file.write(bytes);
  };
  await write(packHead(oids.size));
  for (const oid of oids) {
    const object = await clone.find(oid);
    if (!object) throw new SourceError('notFound', `this clone has no object ${oid}`);
    await write(packEntry(object));
  }
  await file.write(hash.digest());
}
