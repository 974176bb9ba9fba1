import { hash, randomBytes } from 'node:crypto';
import {
  closeSync,
  constants,
  fstatSync,
  lstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  type Stats,
  statSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, isAbsolute, join } from 'node:path';
import { cachedDataVersionTag } from 'node:v8';

/**
 * Compiled code of the program, kept for the next run of the same command. It is executable code, and V8 does not check it for damage. So it lies in a
 * folder that only the user can open, and it carries a checksum. It is never worth a failure: a call that cannot read or write it works without it.
 */
export interface CodeCache {
  /** The code that an earlier run kept; undefined if there is none that can be trusted. */
  code: Buffer | undefined;
  /** Writes the code for the next run. Never throws. */
  keep(code: () => Buffer): void;
}

/** Set to `off` or `0`, it keeps a call from reading and writing compiled code. */
const SWITCH = 'HOLDFAST_CODE_CACHE';

/** Many times the size of any that the program makes. */
const MOST_BYTES = 32 << 20;

/** A few commands, each for a few versions of Holdfast and Node. */
const MOST_FILES = 16;

const CHECKSUM_BYTES = 32;

const NAME = /^[0-9a-f]{32}\.code$/;

/** The cache of one command; undefined if the call must not use one. `text` is the program that is compiled. */
export function openCodeCache(text: Buffer, command: string, environment = process.env): CodeCache | undefined {
  if (/^(off|0)$/.test(environment[SWITCH] ?? '')) return undefined;
  try {
    const folder = folderOf(environment);
    if (folder === undefined) return undefined;
    const key = digest(
      [digest(text), cachedDataVersionTag(), process.version, process.arch, ...process.execArgv, command].join('\n'),
    );
    const file = join(folder, `${key.toString('hex').slice(0, 32)}.code`);
    return {
      code: attempt(() => read(file, key)),
      keep: (code) => void attempt(() => write(file, key, code())),
    };
  } catch {
    return undefined;
  }
}

const attempt = <T>(act: () => T): T | undefined => {
  try {
    return act();
  } catch {
    return undefined;
  }
};

const digest = (data: string | Buffer): Buffer => hash('sha256', data, 'buffer');

/** The checksum covers the key as well, so that a file that was renamed is not taken for another one's. */
const checksumOf = (key: Buffer, code: Buffer): Buffer => digest(Buffer.concat([key, digest(code)]));

/** `holdfast` in the user's own cache folder, as the XDG Base Directory Specification places it. */
function folderOf({ XDG_CACHE_HOME = '', HOME = '' }: NodeJS.ProcessEnv): string | undefined {
  // Where users are not numbers, nothing below can tell whose a file is.
  if (process.geteuid === undefined || process.geteuid() !== process.getuid?.()) return undefined;
  const caches = isAbsolute(XDG_CACHE_HOME) ? XDG_CACHE_HOME : join(HOME, '.cache');
  return isAbsolute(caches) ? join(caches, 'holdfast') : undefined;
}

/** Owned by this user, who alone may read and write it. */
const isPrivate = ({ uid, mode }: Stats): boolean => uid === process.geteuid?.() && (mode & 0o077) === 0;

/** Throws unless the folder is private and lies where others cannot put another one in its place. */
function requirePrivate(folder: string): void {
  const own = lstatSync(folder);
  const parent = statSync(dirname(folder));
  const isOurs = parent.uid === process.geteuid?.() || parent.uid === 0;
  if (!own.isDirectory() || !isPrivate(own) || !isOurs || (parent.mode & 0o002) !== 0)
    throw new Error(`${folder} is not a private folder`);
}

function read(file: string, key: Buffer): Buffer | undefined {
  requirePrivate(dirname(file));
  // Neither a link nor something that blocks.
  const handle = openSync(file, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  try {
    const stats = fstatSync(handle);
    if (!stats.isFile() || !isPrivate(stats) || stats.size > MOST_BYTES) return undefined;
    const content = readFileSync(handle);
    const code = content.subarray(CHECKSUM_BYTES);
    return content.subarray(0, CHECKSUM_BYTES).equals(checksumOf(key, code)) ? code : undefined;
  } finally {
    closeSync(handle);
  }
}

function write(file: string, key: Buffer, code: Buffer): void {
  const folder = dirname(file);
  // One level at a time: a home that does not exist is not made.
  for (const each of [dirname(folder), folder]) attempt(() => mkdirSync(each, { mode: 0o700 }));
  requirePrivate(folder);
  prune(folder);
  const temporary = join(folder, `${randomBytes(8).toString('hex')}.tmp`);
  try {
    writeFileSync(temporary, Buffer.concat([checksumOf(key, code), code]), { flag: 'wx', mode: 0o600 });
    renameSync(temporary, file);
  } catch (error) {
    attempt(() => unlinkSync(temporary));
    throw error;
  }
}

/** Removes what versions that are gone have left: the oldest files, and those of writers that were killed. */
function prune(folder: string): void {
  const files = readdirSync(folder).map((name) => ({
    path: join(folder, name),
    at: lstatSync(join(folder, name)).mtimeMs,
  }));
  const hourAgo = Date.now() - 3_600_000;
  const torn = files.filter(({ path, at }) => path.endsWith('.tmp') && at < hourAgo);
  const kept = files.filter(({ path }) => NAME.test(path.slice(folder.length + 1))).sort((a, b) => b.at - a.at);
  for (const { path } of [...torn, ...kept.slice(MOST_FILES - 1)]) attempt(() => unlinkSync(path));
}
