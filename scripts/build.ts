import { chmod, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { type BuildOptions, build, type Metafile, type Plugin } from 'esbuild';
import { repoDir } from './engine.ts';
import { licenceTexts } from './licences.ts';
import { compiledValidators } from './validators.ts';

/**
 * Builds dist/, or the folder that is named: `holdfast.js`, which every call loads, chunks beside it for what only some commands need (whatever
 * is imported dynamically), and the licences of all that is inside. Nothing has to be installed with it.
 */
const DIST = resolve(process.argv[2] ?? join(repoDir, 'dist'));

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

/**
 * CommonJS packages ask for `require`, which an ES module has to make. Node hides the deprecation warnings of code below node_modules, so they
 * are switched off for the same code in the bundle: docker-modem's `url.parse` would warn at every tcp:// engine.
 */
const BANNER = `import { createRequire as holdfastRequire } from 'node:module';
const require = holdfastRequire(import.meta.url);
process.noDeprecation = true;`;

/**
 * Takes Node's own modules by `require`. To import one, Node reads every export of it, and that of `node:http` called WebSocket loads a second
 * HTTP client: 13 MiB and tens of milliseconds for nothing.
 */
const requireBuiltins: Plugin = {
  name: 'require-builtins',
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /^node:/ }, ({ path, kind }) =>
      kind === 'import-statement' ? { path, namespace: 'builtin' } : { path, external: true },
    );
    onLoad({ filter: /./, namespace: 'builtin' }, ({ path }) => ({
      contents: `module.exports = require(${JSON.stringify(path)});`,
    }));
  },
};

/**
 * ssh2 is a chunk of its own, for repos that are reached by SSH: dockerode, which every command with an engine loads, gets none. Compiled parts of it
 * stay outside, where it does without them.
 */
const sshForGitAlone: Plugin = {
  name: 'ssh-for-git-alone',
  setup({ onResolve }) {
    onResolve({ filter: /^ssh2$/ }, ({ importer }) =>
      /node_modules.docker-modem/.test(importer) ? { path: join(repoDir, 'scripts/left-out.cjs') } : undefined,
    );
    onResolve({ filter: /\.node$/ }, ({ path }) => ({ path, external: true }));
  },
};

/** The names that Node adds to every CommonJS module. */
const NOT_NAMES = new Set(['default', '__esModule', 'module.exports']);

/**
 * `import('a-package')` of CommonJS would give all of it as `default` in a bundle of chunks, other than Node, which finds the names. So each such
 * import goes through a module that exports them by name.
 */
const nameExports: Plugin = {
  name: 'name-exports',
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /^[^./]/ }, ({ path, kind }) =>
      kind === 'dynamic-import' && !path.startsWith('node:') ? { path, namespace: 'named' } : undefined,
    );
    onLoad({ filter: /./, namespace: 'named' }, async ({ path }) => {
      const names = Object.keys(await import(path)).filter((name) => !NOT_NAMES.has(name));
      return { contents: `export { ${names.join(', ')} } from ${JSON.stringify(path)};`, resolveDir: repoDir };
    });
  },
};

const options = {
  absWorkingDir: repoDir,
  // The second is a process of its own, which the agent starts.
  entryPoints: { holdfast: 'src/cli/main.ts', 'chunks/pack-child': 'src/git/pack/worker/pack-child.ts' },
  outdir: DIST,
  chunkNames: 'chunks/[name]-[hash]',
  bundle: true,
  splitting: true,
  minify: true,
  // Names of errors and functions stay readable in what a site logs.
  keepNames: true,
  format: 'esm',
  platform: 'node',
  target: 'node22',
  banner: { js: BANNER },
  // As ssh2 asks for it, which is CommonJS.
  define: { __dirname: 'import.meta.dirname' },
  plugins: [requireBuiltins, sshForGitAlone, nameExports, compiledValidators],
  alias: {
    ...Object.fromEntries(LEFT_OUT.map((name) => [name, './scripts/left-out.cjs'])),
    // As ES modules, of which only what is used comes in; Node itself would be given the CommonJS file with everything.
    'isomorphic-git': join(repoDir, 'node_modules/isomorphic-git/index.js'),
  },
  legalComments: 'none',
  metafile: true,
  logLevel: 'warning',
} satisfies BuildOptions;

/** The packages of which something is in the bundle, by folder: `node_modules/ajv`. */
function packagesIn(metafile: Metafile): string[] {
  const folders = new Set<string>();
  for (const output of Object.values(metafile.outputs)) {
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
  const { metafile } = await build(options);
  await Promise.all(Object.keys(metafile.outputs).map((path) => toAscii(join(repoDir, path))));
  const entry = join(DIST, 'holdfast.js');
  await writeFile(entry, `#!/usr/bin/env node\n${await readFile(entry, 'utf8')}`);
  await chmod(entry, 0o755);
  // Without it, wherever the folder is put, Node takes each file for CommonJS first and reads it twice.
  await writeFile(join(DIST, 'package.json'), '{"type":"module"}\n');
  const packages = packagesIn(metafile);
  await writeFile(join(DIST, 'THIRD-PARTY-LICENSES.txt'), await licenceTexts(repoDir, packages));

  const kib = (bytes: number): string => `${(bytes / 1024).toFixed(0)} KiB`;
  const outputs = Object.values(metafile.outputs);
  const all = outputs.reduce((sum, output) => sum + output.bytes, 0);
  const { version } = JSON.parse(await readFile(join(repoDir, 'package.json'), 'utf8')) as { version: string };
  console.error(
    `dist/holdfast.js ${version}: ${kib((await stat(entry)).size)} at every start, ${kib(all)} in ${outputs.length} files, ${packages.length} packages inside`,
  );
}

await main();
