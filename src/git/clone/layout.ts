import { open, readdir, readFile, stat } from 'node:fs/promises';
import { dirname, join, relative, resolve, sep } from 'node:path';
import { SourceError } from '../../lib/errors.ts';

/** Where the repo of a folder lies. */
export interface CloneLayout {
  gitDir: string;
  /** The folder's path below the top of the work tree: `''`, `edge` or `edge/west`. */
  prefix: string;
  /** The reason why isomorphic-git would misread this repo; undefined for an ordinary clone. */
  obstacle: string | undefined;
}

/** Larger packs are not read into memory whole, as isomorphic-git does. */
const MOST_PACK_BYTES = 1024 * 1024 * 1024;
/** Environment variables that tell Git to look elsewhere. Source: git(1). */
const ELSEWHERE = [
  'GIT_DIR',
  'GIT_WORK_TREE',
  'GIT_COMMON_DIR',
  'GIT_OBJECT_DIRECTORY',
  'GIT_ALTERNATE_OBJECT_DIRECTORIES',
  'GIT_NAMESPACE',
];

/**
 * Finds the repo that a folder is in, as Git does: in `.git` of the folder or of one above it, or the folder itself where that is bare. undefined
 * where there is none. Throws SourceError for a repo of SHA-256 names.
 */
export async function cloneLayout(dir: string, environment: NodeJS.ProcessEnv): Promise<CloneLayout | undefined> {
  const start = resolve(dir);
  if (!(await isFolder(start))) return undefined;
  for (let top = start; ; top = dirname(top)) {
    const gitDir = await gitDirOf(top);
    const found = (await isGitDir(gitDir)) ? gitDir : (await isGitDir(top)) ? top : undefined;
    if (found !== undefined) {
      const prefix = found === top ? '' : relative(top, start).split(sep).join('/');
      return { gitDir: found, prefix, obstacle: await obstacleOf(found, dir, environment) };
    }
    if (top === dirname(top)) return undefined;
  }
}

/** `.git` of a work tree; in a linked one that is a file, which names the folder. */
export async function gitDirOf(top: string): Promise<string> {
  const pointer = await textOf(join(top, '.git'));
  const linked = /^gitdir: (.+)$/m.exec(pointer ?? '')?.[1]?.trim();
  return resolve(top, linked ?? '.git');
}

async function isGitDir(path: string): Promise<boolean> {
  if ((await textOf(join(path, 'HEAD'))) === undefined) return false;
  return (await isFolder(join(path, 'objects'))) || (await textOf(join(path, 'commondir'))) !== undefined;
}

async function obstacleOf(gitDir: string, dir: string, environment: NodeJS.ProcessEnv): Promise<string | undefined> {
  const elsewhere = ELSEWHERE.find((name) => environment[name]);
  if (elsewhere !== undefined) return `${elsewhere} is set`;
  if ((await textOf(join(gitDir, 'commondir'))) !== undefined) return 'it is a linked work tree';
  const config = parseConfig((await textOf(join(gitDir, 'config'))) ?? '');
  if (config.get('extensions.objectformat')?.toLowerCase() === 'sha256')
    throw new SourceError('protocol', `${dir} uses SHA-256 object names, which Holdfast cannot read yet`);
  for (const [key, value] of config) {
    if (key.startsWith('extensions.') && !HARMLESS.has(`${key}=${value.toLowerCase()}`)) return `it sets ${key}`;
    if (/^remote\..*\.promisor$/.test(key) && value.toLowerCase() !== 'false') return 'it is a partial clone';
  }
  const version = config.get('core.repositoryformatversion') ?? '0';
  if (version !== '0' && version !== '1') return `its format has version ${version}`;
  if (await isFolder(join(gitDir, 'reftable'))) return 'its refs are in reftables';
  if ((await textOf(join(gitDir, 'objects/info/alternates')))?.trim()) return 'it borrows objects of another repo';
  return packObstacle(join(gitDir, 'objects/pack'));
}

/** Extensions that change nothing of how objects and refs are stored. */
const HARMLESS: ReadonlySet<string> = new Set([
  'extensions.objectformat=sha1',
  'extensions.refstorage=files',
  'extensions.noop=true',
  'extensions.preciousobjects=true',
  'extensions.preciousobjects=false',
  'extensions.worktreeconfig=true',
  'extensions.worktreeconfig=false',
]);

async function packObstacle(dir: string): Promise<string | undefined> {
  const names = await readdir(dir).catch(() => []);
  for (const name of names) {
    if (name.endsWith('.promisor')) return 'it is a partial clone';
    if (name.endsWith('.pack') && (await stat(join(dir, name))).size > MOST_PACK_BYTES) return 'it has a huge pack';
    if (name.endsWith('.idx') && !(await isVersion2(join(dir, name)))) return 'it has a pack index of version 1';
  }
  return undefined;
}

/** Source: gitformat-pack(5). */
async function isVersion2(path: string): Promise<boolean> {
  const file = await open(path);
  try {
    const { buffer } = await file.read(Buffer.alloc(8), 0, 8, 0);
    return buffer.toString('latin1') === '\xfftOc\0\0\0\x02';
  } finally {
    await file.close();
  }
}

/** The values of a Git configuration by `section.subsection.key`, of several the last. Files that it includes are not read. */
export function parseConfig(text: string): Map<string, string> {
  const values = new Map<string, string>();
  let section = '';
  for (const line of text.split('\n')) {
    const [, name, sub] = /^\s*\[([\w.-]+)(?: +"([^"]*)")?\]/.exec(line) ?? [];
    if (name !== undefined) section = sub === undefined ? name.toLowerCase() : `${name.toLowerCase()}.${sub}`;
    const rest = name === undefined ? line : line.slice(line.indexOf(']') + 1);
    const at = rest.indexOf('=');
    const key = (at < 0 ? rest : rest.slice(0, at)).trim().toLowerCase();
    const value = at < 0 ? 'true' : rest.slice(at + 1).trim();
    if (/^[a-z][\w-]*$/.test(key)) values.set(`${section}.${key}`, value.replace(/^"(.*)"$/, '$1'));
  }
  return values;
}

/** The URL of the remote `origin`; undefined where there is none. A linked work tree has the configuration of the repo that it belongs to. */
export async function originUrl(gitDir: string): Promise<string | undefined> {
  const common = (await textOf(join(gitDir, 'commondir')))?.trim();
  const config = await textOf(join(common === undefined ? gitDir : resolve(gitDir, common), 'config'));
  return parseConfig(config ?? '').get('remote.origin.url');
}

const isFolder = async (path: string): Promise<boolean> =>
  (await stat(path).catch(() => undefined))?.isDirectory() === true;

async function textOf(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    const { code = '' } = error as NodeJS.ErrnoException;
    if (['ENOENT', 'ENOTDIR', 'EISDIR', 'EACCES'].includes(code)) return undefined;
    throw error;
  }
}
