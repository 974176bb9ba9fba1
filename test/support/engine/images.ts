import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import { pack } from 'tar-stream';
import { fileOfPackage } from '../../../scripts/machine/debian.ts';
import { ask, mustAsk } from '../../../scripts/machine/engine-http.ts';

/** An image made without any registry, to be imported under one or several names. */
export interface ImageTree {
  files: { path: string; content: Uint8Array | string; mode?: number }[];
  links?: { path: string; target: string }[];
  folders?: { path: string; mode?: number }[];
}

/** BusyBox with its commands as links, and with `stay`, which waits until it is told to end. Runs `sh` unless told. About 2 MB. */
export const TEST_IMAGE = 'holdfast-test/busybox:1';
/** The same in another version, to be told apart by label and environment (`VERSION`), and so by image ID. */
export const TEST_IMAGE_2 = 'holdfast-test/busybox:2';

/** Imports both test images where the engine lacks them. */
export async function importTestImages(host: string): Promise<void> {
  for (const [name, version] of [
    [TEST_IMAGE, '1'],
    [TEST_IMAGE_2, '2'],
  ] as const) {
    if ((await ask(host, 'GET', `/images/${name}/json`)).status === 200) continue;
    await importImage(host, name, await busyboxTree(version), [
      'CMD ["sh"]',
      'ENV PATH=/bin',
      `ENV VERSION=${version}`,
      `LABEL version=${version}`,
    ]);
  }
}

/** `docker import`: a tree of files becomes an image, with Dockerfile instructions for its configuration. */
export async function importImage(host: string, name: string, tree: ImageTree, changes: string[] = []): Promise<void> {
  const archive = pack();
  for (const { path, mode = 0o755 } of tree.folders ?? []) archive.entry({ name: path, type: 'directory', mode });
  for (const { path, content, mode = 0o755 } of tree.files) {
    archive.entry({ name: path, mode }, typeof content === 'string' ? content : Buffer.from(content));
  }
  for (const { path, target } of tree.links ?? []) archive.entry({ name: path, type: 'symlink', linkname: target });
  archive.finalize();

  // Podman 4.3 ignores `tag`, and both take it as part of `repo`.
  const query = new URLSearchParams({ fromSrc: '-', repo: name });
  for (const change of changes) query.append('changes', change);
  const answer = await mustAsk(host, 'POST', `/images/create?${query}`, { body: archive, timeoutMs: 120_000 });
  // Like a pull, an import fails inside an answer of 200.
  const failed = answer.split('\n').find((line) => line.includes('"error"'));
  if (failed) throw new Error(`importing ${name}: ${failed.trim()}`);
}

/** The tree of the test images; its web page is in `/www`. */
export async function busyboxTree(version: string): Promise<ImageTree> {
  const busybox = await fileOfPackage('busybox-static', 'bin/busybox');
  const { stdout } = await promisify(execFile)(busybox, ['--list']);
  const commands = stdout.split('\n').filter((name) => name !== '' && name !== 'busybox');
  return {
    folders: [...['bin', 'etc', 'run', 'var', 'root', 'www'].map((path) => ({ path })), { path: 'tmp', mode: 0o1777 }],
    files: [
      { path: 'bin/busybox', content: await readFile(busybox) },
      { path: 'bin/stay', content: "#!/bin/sh\ntrap 'exit 0' TERM INT\nsleep 2147483647 &\nwait\n" },
      {
        path: 'etc/passwd',
        content: 'root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/:/bin/sh\n',
        mode: 0o644,
      },
      { path: 'etc/group', content: 'root:x:0:\nnogroup:x:65534:\n', mode: 0o644 },
      { path: 'www/index.html', content: `version ${version}\n`, mode: 0o644 },
    ],
    links: commands.map((name) => ({ path: `bin/${name}`, target: 'busybox' })),
  };
}
