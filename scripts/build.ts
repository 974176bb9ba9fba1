import { chmod, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { type BuildOptions, build, type Metafile, type Plugin } from 'esbuild';
import { repoDir } from './engine.ts';
import { licenceTexts } from './licences.ts';
import { compiledValidators } from './validators.ts';

/**
 * Builds dist/, or the folder that is named:
 *
 *     holdfast.js              what every call loads; it answers `--version` itself
 *     chunks/program.js        the commands and the agent: one file, since V8 can then keep what it compiled of it (src/cli/start)
 *     chunks/pack-child.js     a process of its own, which the agent starts
 *     chunks/PACKAGE.js        a large package that few calls use
 *     THIRD-PARTY-LICENSES.txt the licences of all that is inside
 *
 * Nothing has to be installed with it.
 */
const DIST = resolve(process.argv[2] ?? join(repoDir, 'dist'));

/** Packages that become files of their own. openpgp must, as its licence is the LGPL. */
const APART = ['isomorphic-git', 'openpgp', 'ssh2', 'winston'];

/**
 * The packages that dockerode needs for building images, most of its weight. Holdfast builds no images. A call of one of these throws.
 */
const LEFT_OUT = [
  '@grpc/grpc-js',
  '@grpc/proto-loader',
  'protobufjs',
  'cpu-features',
  'tar-fs',
  '@balena/dockerignore',
];

const stub = join(repoDir, 'scripts', 'left-out.cjs');

/** dockerode gets no ssh2: `ssh://` engines are reached with the ssh program. */
const noSshInDockerode: Plugin = {
  name: 'no-ssh-in-dockerode',
  setup({ onResolve }) {
    onResolve({ filter: /^ssh2$/ }, ({ importer }) =>
      /node_modules.docker-modem/.test(importer) ? { path: stub } : undefined,
    );
  },
};

/** Modules of Node that take milliseconds and memory to load, TLS 9 MiB alone, and that most calls never use. */
const LATE = ['child_process', 'http', 'https', 'net', 'tls', 'zlib'];

/** Loads those when something of them is used, rather than with the file that mentions them. */
const lateBuiltins: Plugin = {
  name: 'late-builtins',
  setup({ onResolve, onLoad }) {
    onResolve({ filter: new RegExp(`^(node:)?(${LATE.join('|')})$`) }, ({ path, namespace }) =>
      namespace === 'late' ? undefined : { path: path.replace('node:', ''), namespace: 'late' },
    );
    onLoad({ filter: /./, namespace: 'late' }, async ({ path }) => {
      const names = Object.keys(await import(`node:${path}`)).filter((name) => name !== 'default');
      const module = `require(${JSON.stringify(`node:${path}`)})`;
      // A setter, as docker-modem makes objects that inherit from one of these and sets their `request`.
      return {
        contents: `for (const name of ${JSON.stringify(names)}) Object.defineProperty(exports, name, {
          enumerable: true,
          get: () => ${module}[name],
          set(value) { Object.defineProperty(this, name, { value, writable: true, enumerable: true, configurable: true }); },
        });`,
      };
    });
  },
};

/** Leaves the packages in APART to files of their own, beside the one that asks for them. `used` is told which those are. */
const packagesApart = (used: Set<string>): Plugin => ({
  name: 'packages-apart',
  setup({ onResolve }) {
    onResolve({ filter: new RegExp(`^(${APART.join('|')})$`) }, ({ path, importer }) => {
      if (importer.includes('node_modules')) return undefined;
      used.add(path);
      return { path: `./${path}.js`, external: true };
    });
  },
});

/** Keeps of package.json the one string that the program prints. */
const versionAlone: Plugin = {
  name: 'version-alone',
  setup({ onLoad }) {
    onLoad({ filter: /package\.json$/ }, async ({ path }) => {
      if (path !== join(repoDir, 'package.json')) return undefined;
      const { version } = JSON.parse(await readFile(path, 'utf8')) as { version: string };
      return { contents: JSON.stringify({ version }), loader: 'json' };
    });
  },
};

const common = {
  absWorkingDir: repoDir,
  bundle: true,
  minify: true,
  // Names of errors and functions stay readable in what a site logs.
  keepNames: true,
  // V8 keeps compiled code of CommonJS alone, and Node starts it sooner.
  format: 'cjs',
  platform: 'node',
  target: 'node22',
  define: { 'import.meta.dirname': '__dirname' },
  // Node's own modules by `require` too: to import one, Node reads every export of it, and that of `node:http` called WebSocket loads a second HTTP
  // client, 13 MiB for nothing.
  supported: { 'dynamic-import': false },
  // Compiled parts of ssh2 stay outside, where it does without them.
  external: ['*.node'],
  alias: Object.fromEntries(LEFT_OUT.map((name) => [name, stub])),
  legalComments: 'none',
  metafile: true,
  logLevel: 'warning',
} satisfies BuildOptions;

/** Bundles all files; resolves to what is in them. */
async function bundle(): Promise<Metafile['outputs']> {
  const used = new Set<string>();
  const plugins = [versionAlone, noSshInDockerode, lateBuiltins, packagesApart(used), compiledValidators];
  const starter = build({
    ...common,
    entryPoints: { holdfast: 'src/cli/start/bundled.ts' },
    outdir: DIST,
    plugins: [versionAlone],
    banner: { js: '#!/usr/bin/env node' },
  });
  const child = build({
    ...common,
    entryPoints: { 'chunks/pack-child': 'src/git/pack/worker/pack-child.ts' },
    outdir: DIST,
  });
  const program = await build({
    ...common,
    entryPoints: { 'chunks/program': 'src/cli/start/program.ts' },
    outdir: DIST,
    plugins,
    // A function that load-bundle.ts calls.
    banner: { js: '(function(exports,require,module,__filename,__dirname){' },
    footer: { js: '})' },
  });
  const apart = await Promise.all([...used].map(buildApart));
  const built = [await starter, await child, program, ...apart];
  return Object.assign({}, ...built.map(({ metafile }) => metafile.outputs));
}

const buildApart = (name: string) =>
  build({
    ...common,
    stdin: { contents: `module.exports = require(${JSON.stringify(name)});`, resolveDir: repoDir },
    outfile: join(DIST, 'chunks', `${name}.js`),
  });

/** The packages of which something is in the bundle, by folder: `node_modules/ajv`. */
function packagesIn(outputs: Metafile['outputs']): string[] {
  const folders = new Set<string>();
  for (const output of Object.values(outputs)) {
    for (const [input, { bytesInOutput }] of Object.entries(output.inputs)) {
      const match = /^(.*node_modules\/(?:@[^/]+\/)?[^/]+)\//.exec(input);
      if (match?.[1] && bytesInOutput > 0) folders.add(match[1]);
    }
  }
  return [...folders].sort();
}

/**
 * esbuild leaves characters beyond ASCII in regular expressions, and a single one makes V8 keep all of its file at two bytes a character. An
 * escape means the same in every place that code has such characters.
 */
async function toAscii(file: string): Promise<void> {
  const text = await readFile(file, 'utf8');
  const escaped = text.replace(/[^\0-\x7f]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`);
  if (escaped !== text) await writeFile(file, escaped);
}

async function main(): Promise<void> {
  await rm(DIST, { recursive: true, force: true });
  const outputs = await bundle();
  await Promise.all(Object.keys(outputs).map((path) => toAscii(join(repoDir, path))));
  await chmod(join(DIST, 'holdfast.js'), 0o755);
  // The folders above may say something else.
  await writeFile(join(DIST, 'package.json'), '{"type":"commonjs"}\n');
  const packages = packagesIn(outputs);
  await writeFile(join(DIST, 'THIRD-PARTY-LICENSES.txt'), await licenceTexts(repoDir, packages));

  const kib = async (path: string): Promise<string> => `${((await stat(join(DIST, path))).size / 1024).toFixed(0)} KiB`;
  const { version } = JSON.parse(await readFile(join(repoDir, 'package.json'), 'utf8')) as { version: string };
  console.error(
    `dist/holdfast.js ${version}: ${await kib('holdfast.js')}, its program ${await kib('chunks/program.js')}, ${Object.keys(outputs).length} files, ${packages.length} packages inside`,
  );
}

await main();
