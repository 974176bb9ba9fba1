// Runs a TypeScript file of this repo with the repo's own Node, installing the development packages first where they are missing or out of
// date: `node scripts/bootstrap.mjs FILE.ts [ARGS]`. It is what stands behind `npm run demo`, `npm test` and `npm run bench`, so it has to
// run on whatever Node a machine has (README.md says which), and imports nothing but builtins.
import { spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { constants } from 'node:os';
import { delimiter, dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const repo = dirname(dirname(fileURLToPath(import.meta.url)));
const bin = join(repo, 'node_modules', '.bin');
const ownNode = join(bin, 'node');
/** The first Node that runs TypeScript as it is, without a flag or a warning. */
const NEEDED_MAJOR = 24;

function packagesOf(lockfile) {
  return existsSync(lockfile) ? JSON.parse(readFileSync(lockfile, 'utf8')).packages : {};
}

/** What npm says it installed is what the lockfile asks for. Optional packages may be missing: they are for other machines. */
function isInstalled() {
  const installed = packagesOf(join(repo, 'node_modules', '.package-lock.json'));
  return Object.entries(packagesOf(join(repo, 'package-lock.json'))).every(
    ([path, { version, optional }]) =>
      path === '' || installed[path]?.version === version || (optional && !installed[path]),
  );
}

/**
 * The same environment with (or without) this repo's node_modules/.bin in front. npm puts it there before it runs a script, and `node` in it
 * is a package that `npm ci` replaces: npm itself must run on the machine's own Node.
 */
function environment(withBin) {
  const others = (process.env.PATH ?? '').split(delimiter).filter((dir) => dir !== '' && resolve(dir) !== bin);
  return { ...process.env, PATH: (withBin ? [bin, ...others] : others).join(delimiter) };
}

/** Resolves to the exit code; signals that reach us are passed on, and a child that died of one counts as the shell counts it. */
function run(command, args, { cwd, env }) {
  return new Promise((done) => {
    const child = spawn(command, args, { cwd, env, stdio: 'inherit' });
    const forward = (signal) => child.kill(signal);
    const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'];
    for (const signal of signals) process.on(signal, forward);
    // npm passes a SIGTERM on to the shell between it and us, and that one just dies: what it meant was us.
    const parent = process.ppid;
    const watch = setInterval(() => {
      if (process.env.npm_lifecycle_event && process.ppid !== parent) {
        clearInterval(watch);
        forward('SIGTERM');
      }
    }, 500);
    const end = (code) => {
      clearInterval(watch);
      for (const signal of signals) process.off(signal, forward);
      done(code);
    };
    child.on('error', (error) => {
      console.error(`${command} could not be started: ${error.message}`);
      end(127);
    });
    child.on('exit', (code, signal) => end(code ?? 128 + (constants.signals[signal] ?? 0)));
  });
}

/** `npm ci`: exactly what package-lock.json names, on every platform. */
async function install() {
  const why = existsSync(join(repo, 'node_modules')) ? 'package-lock.json has changed' : 'first run';
  console.error(`Installing the development packages (${why}; about half a minute) …`);
  const started = Date.now();
  const code = await run('npm', ['ci', '--no-audit', '--no-fund', '--loglevel=error'], {
    cwd: repo,
    env: environment(false),
  });
  if (code !== 0) {
    console.error(`npm ci failed (exit code ${code}): see above. Is the package registry reached?`);
    process.exit(code);
  }
  if (!isInstalled()) {
    console.error('npm installed other packages than package-lock.json asks for: does it fit package.json?');
    process.exit(2);
  }
  console.error(`Installed in ${Math.round((Date.now() - started) / 1000)} s.`);
}

const [script, ...args] = process.argv.slice(2);
if (script === undefined) {
  console.error('usage: node scripts/bootstrap.mjs FILE.ts [ARGS]');
  process.exit(2);
}
if (!isInstalled()) await install();
// The `node` package gets its binary from an install script, which a machine may forbid; then the machine's own has to do.
const node = existsSync(ownNode) ? ownNode : process.execPath;
if (node === process.execPath && Number(process.versions.node.split('.')[0]) < NEEDED_MAJOR) {
  console.error(
    `Node ${NEEDED_MAJOR} is needed and this is ${process.version}: the package that brings it was not set up (are npm's install scripts switched off?).`,
  );
  process.exit(2);
}
process.exitCode = await run(node, [resolve(repo, script), ...args], { cwd: process.cwd(), env: environment(true) });
