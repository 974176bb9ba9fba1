import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { SourceError } from '../../../lib/errors.ts';
import type { StoreLimits } from '../../store-limits.ts';
import type { IndexedPack } from '../index-pack.ts';
import type { Merged } from '../merge-packs.ts';
import type { PackAnswer, PackJob } from './pack-child.ts';
import { ownWorker, type PackWorker } from './pack-worker.ts';

/** From this many bytes on, a process of its own costs less than what unpacking leaves behind in this one. */
const HEAVY = 1024 * 1024;
/** A small pack can unpack to much. More than this is left to the process as well. */
const LIGHT = { unpackedBytes: 8 * 1024 * 1024, objectBytes: 2 * 1024 * 1024, treeBytes: 2 * 1024 * 1024 };

/**
 * A heap for lists of names; what is unpacked lies outside of it, and is collected when make-room.ts says so. The agent's own flags, which trade speed for a small footprint, are not for a process that
 * works hard and ends.
 */
const FLAGS = ['--max-old-space-size=192', '--expose-gc', '--disable-warning=ExperimentalWarning'];

/** Does heavy work in a short-lived process, so that its memory is given back, and light work here. */
export const processWorker: PackWorker = {
  index(files, names, limits, signal) {
    const isHeavy = (files.size(names.pack) ?? 0) > HEAVY;
    const heavily = () => run({ task: 'index', names, dir: files.dir, limits }, signal) as Promise<IndexedPack>;
    if (isHeavy) return heavily();
    return ownWorker.index(files, names, lightly(limits), signal).catch((error: unknown) => {
      if (error instanceof SourceError && error.kind === 'limit') return heavily();
      throw error;
    });
  },
  merge(files, keep, limits, signal) {
    // The unpacked size of the packs is not known.
    return run({ task: 'merge', keep, dir: files.dir, limits }, signal) as Promise<Merged>;
  },
};

const lightly = (limits: StoreLimits): StoreLimits => ({
  ...limits,
  unpackedBytes: Math.min(limits.unpackedBytes, LIGHT.unpackedBytes),
  objectBytes: Math.min(limits.objectBytes, LIGHT.objectBytes),
  treeBytes: Math.min(limits.treeBytes, LIGHT.treeBytes),
});

/** Beside this file, as source and in the build. */
function entry(): string {
  const places = ['pack-child.ts', 'pack-child.js'];
  const found = places.map((name) => join(import.meta.dirname, name)).find((path) => existsSync(path));
  if (found === undefined)
    throw new SourceError('local', 'The part of Holdfast that unpacks Git objects is not installed');
  return found;
}

/** The result of a job in a process of its own. It is killed when the signal is aborted, and ends by itself when this one is gone. */
function run(job: PackJob, signal: AbortSignal): Promise<object> {
  // It needs no secrets, and an environment can be read by others.
  const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('HOLDFAST_')));
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [...FLAGS, entry()], { env, stdio: ['pipe', 'pipe', 'pipe'] });
    const stop = (): void => {
      child.kill('SIGKILL');
    };
    signal.addEventListener('abort', stop, { once: true });
    if (signal.aborted) stop();
    let said = '';
    let complained = '';
    child.stdout.setEncoding('utf8').on('data', (data: string) => {
      said += data;
    });
    child.stderr.setEncoding('utf8').on('data', (data: string) => {
      complained = `${complained}${data}`.slice(-2_000);
    });
    child.on('error', (error) => {
      signal.removeEventListener('abort', stop);
      reject(
        new SourceError('local', `No process can be started to unpack Git objects: ${error.message}`, { cause: error }),
      );
    });
    child.on('close', (code, killed) => {
      signal.removeEventListener('abort', stop);
      if (signal.aborted) reject(new SourceError('aborted', 'Unpacking Git objects was stopped'));
      else settle(said, code ?? killed, complained, resolve, reject);
    });
    // One that ends before it has read says why by its exit.
    child.stdin.on('error', () => undefined);
    child.stdin.write(`${JSON.stringify(job)}\n`);
  });
}

function settle(
  said: string,
  end: number | string | null,
  complained: string,
  resolve: (result: object) => void,
  reject: (error: Error) => void,
): void {
  if (said === '') {
    const cause = complained === '' ? undefined : { cause: new Error(complained) };
    reject(new SourceError('limit', `The process that unpacks Git objects ended with ${end}: out of memory?`, cause));
    return;
  }
  const answer = JSON.parse(said) as PackAnswer;
  if ('result' in answer) resolve(answer.result);
  else if ('sourceError' in answer) reject(new SourceError(answer.sourceError.kind, answer.sourceError.message));
  else reject(Object.assign(new Error(answer.error.message), { code: answer.error.code }));
}
