import { execFile } from 'node:child_process';
import { readFile, realpath } from 'node:fs/promises';
import { promisify } from 'node:util';
import { fileOfPackage } from '../../../scripts/machine/debian.ts';
import { ask } from '../../../scripts/machine/engine-http.ts';
import { importImage } from './images.ts';

const NAME = 'holdfast-test/node:24';

/**
 * A base for the agent's image where no registry is reached: this very node, the libraries that it asks for, and a shell for the build. Resolves
 * to its name.
 */
export async function importBaseImage(host: string): Promise<string> {
  if ((await ask(host, 'GET', `/images/${NAME}/json`)).status === 200) return NAME;
  const node = await realpath(process.execPath);
  const { stdout } = await promisify(execFile)('ldd', [node]);
  const libraries = [...stdout.matchAll(/(\/\S+) \(0x/g)].flatMap(([, path]) => path ?? []);
  const busybox = await fileOfPackage('busybox-static', 'bin/busybox');
  const files = [
    { path: 'usr/local/bin/node', content: await readFile(node) },
    { path: 'bin/busybox', content: await readFile(busybox) },
    // Under the names that node asks for, whatever they point to here.
    ...(await Promise.all(libraries.map(async (path) => ({ path: path.slice(1), content: await readFile(path) })))),
  ];
  const links = ['sh', 'test', 'ls', 'cat'].map((name) => ({ path: `bin/${name}`, target: 'busybox' }));
  const folders = [{ path: 'tmp', mode: 0o1777 }, { path: 'src' }, { path: 'var' }, { path: 'etc' }];
  await importImage(host, NAME, { files, links, folders }, ['ENV PATH=/usr/local/bin:/bin']);
  return NAME;
}
