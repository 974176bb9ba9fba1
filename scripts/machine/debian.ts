import { existsSync } from 'node:fs';
import { access, mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { hasCommand, run } from './processes.ts';

/** Functions that need Debian or a derivative: installing an engine, and unpacking single files of packages. */

export const isRoot = (): boolean => process.getuid?.() === 0;
export const isDebian = (): Promise<boolean> => hasCommand('apt-get');

/** Things worth keeping from clone to clone. `HOLDFAST_TEST_CACHE` puts them elsewhere. */
export const cacheDir = (): string =>
  process.env.HOLDFAST_TEST_CACHE ??
  (isRoot() ? '/var/cache/holdfast-test' : join(homedir(), '.cache', 'holdfast-test'));

const quiet = { ...process.env, DEBIAN_FRONTEND: 'noninteractive', NEEDRESTART_MODE: 'l' };

/**
 * Installs packages of the machine's own release. Package lists are fetched only where the ones at hand do not do. Needs root. Once begun it
 * is not interrupted, as a half-installed package helps nobody; the signal keeps it from trying again.
 */
export async function install(packages: string[], signal?: AbortSignal): Promise<void> {
  const args = ['install', '-y', '-q', '--no-install-recommends', '-o', 'DPkg::Lock::Timeout=120', ...packages];
  try {
    await run('apt-get', args, { env: quiet });
  } catch {
    signal?.throwIfAborted();
    await update();
    await run('apt-get', args, { env: quiet });
  }
}

/** Where this machine gets Debian's packages from. Its sources may name several places; this is one of Debian itself. */
export async function mirror(): Promise<string> {
  const find = async (): Promise<string | undefined> => {
    const targets = await run('apt-get', ['indextargets', '--format', '$(REPO_URI)', 'Identifier: Packages']);
    return targets.split('\n').find((uri) => /\/debian\/?$/.test(uri));
  };
  // apt tells nothing of sources that it has no lists of yet.
  const found = (await find()) ?? (await update().then(find));
  if (!found) throw new Error("apt-get's sources name no mirror of Debian");
  return found.replace(/\/$/, '');
}

const update = (): Promise<string> => run('apt-get', ['update', '-q'], { env: quiet });

/**
 * One file out of a Debian package, unpacked into the cache: nothing is installed, no service starts, root is not needed. `suite` names
 * another release than the machine's. Throws where there is no Debian, or no package.
 */
export async function fileOfPackage(name: string, path: string, suite?: string): Promise<string> {
  const kept = join(cacheDir(), suite ? `${name}-${suite}` : name);
  const file = join(kept, path);
  if (existsSync(file)) return file;
  await mkdir(cacheDir(), { recursive: true });
  const work = await mkdtemp(join(cacheDir(), '.unpacking-'));
  try {
    const options = suite ? await listsOf(suite, work) : [];
    const download = (): Promise<string> =>
      run('apt-get', [...options, '-q', 'download', name], { cwd: work, env: quiet });
    await download().catch(async () => {
      await run('apt-get', [...options, '-q', 'update'], { env: quiet });
      await download();
    });
    await run('sh', ['-c', 'dpkg-deb --extract "$0"/*.deb "$0/tree"', work]);
    // The deb gave no such path: say so now rather than cache a folder without it.
    await access(join(work, 'tree', path));
    await rm(kept, { recursive: true, force: true });
    await rename(join(work, 'tree'), kept);
  } finally {
    await rm(work, { recursive: true, force: true });
  }
  return file;
}

/** apt's options for another release, with lists and sources apart from the system's. */
async function listsOf(suite: string, work: string): Promise<string[]> {
  const uri = await mirror();
  await mkdir(join(work, 'lists', 'partial'), { recursive: true });
  await mkdir(join(work, 'cache', 'archives', 'partial'), { recursive: true });
  const sources = join(work, 'other.sources');
  const key = '/usr/share/keyrings/debian-archive-keyring.gpg';
  await writeFile(sources, `Types: deb\nURIs: ${uri}\nSuites: ${suite}\nComponents: main\nSigned-By: ${key}\n`);
  const settings = {
    'Dir::Etc::sourcelist': sources,
    'Dir::Etc::sourceparts': '/nonexistent',
    'Dir::State::Lists': join(work, 'lists'),
    'Dir::Cache': join(work, 'cache'),
    // The folder is ours alone, and apt's own user could not read it.
    'APT::Sandbox::User': 'root',
  };
  return Object.entries(settings).flatMap(([key, value]) => ['-o', `${key}=${value}`]);
}
