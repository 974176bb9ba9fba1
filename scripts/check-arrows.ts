// Over 300 lines: the table of all rooms, and the check that holds it.
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join, normalize, relative } from 'node:path';

interface Room {
  does: string;
  /** The folders that it may import besides itself. Each of them is above it in this table. */
  mayImport: readonly string[];
}

/**
 * Data flows one way through src/, and an import may only point back to where the data comes from. `net`, `git` and `registry` know nothing of
 * Holdfast, and each could be taken out of the repo. `source`, `fleet` and `compose` know no engine; `engine` and `plan` know neither each other
 * nor Compose; only `apply` and the folders below it see both sides. The table in docs/architecture.md is printed from this one.
 */
export const ROOMS: Readonly<Record<string, Room>> = {
  lib: {
    does: 'errors, clock, disk, log, text, limiters',
    mayImport: [],
  },
  net: {
    does: 'HTTP, TLS, proxies, limits, credentials; knows nothing of Git or Holdfast',
    mayImport: ['lib'],
  },
  git: {
    does: 'objects, packs, the store of fetched objects, the protocol and its transports, clones; knows nothing of Holdfast',
    mayImport: ['lib', 'net'],
  },
  registry: {
    does: 'artifacts in a registry and Git bundles, read and pushed; knows nothing of Holdfast',
    mayImport: ['lib', 'net', 'git'],
  },
  model: {
    does: 'the nouns that stages hand to each other, types (almost) only',
    mayImport: ['lib'],
  },
  yaml: {
    does: 'YAML with a file, line and column on every node',
    mayImport: ['lib', 'model'],
  },
  secrets: {
    does: 'encrypted files of SOPS, read with age keys; knows nothing of Git, Compose or sites',
    mayImport: ['lib', 'yaml'],
  },
  windows: {
    does: 'sync windows: may an app be changed at a moment, and when next? Pure; cron and time zones',
    mayImport: ['lib', 'model'],
  },
  host: {
    does: 'the machine of a site: devices, udev, GPUs and disk, seen through folders that are mounted, or recorded in a file',
    mayImport: ['lib', 'model'],
  },
  container: {
    does: "containers, networks and volumes in the Engine API's JSON; `fields/` how each key of a container is sent, read, compared and shown; `labels/` ownership, hashes",
    mayImport: ['lib', 'model'],
  },
  policy: {
    does: 'the policy of a site: the rules, the things that an app asks for, and the verdict; pure',
    mayImport: ['lib', 'model', 'yaml', 'container'],
  },
  source: {
    does: 'a place that desired state comes from, as a Snapshot: folder, clone, Git server, registry, bundle; recording and replaying it; following it',
    mayImport: ['lib', 'net', 'git', 'registry', 'model', 'yaml'],
  },
  trust: {
    does: 'signatures: may a site accept this commit? Pure, except for questions to a source: `signature/`, `history/`, `verify/`',
    mayImport: ['lib', 'git', 'model', 'yaml'],
  },
  fleet: {
    does: '`fleet.yaml`, `sites/`, `apps/`: which apps a site runs, from which files',
    mayImport: ['lib', 'model', 'yaml', 'windows', 'source'],
  },
  recipients: {
    does: 'the readers of encrypted files: the rules of SOPS, and the keys of groups, encrypted for each site',
    mayImport: ['lib', 'model', 'yaml', 'secrets', 'source', 'fleet'],
  },
  compose: {
    does: "Compose files into containers, networks and volumes in the Engine API's words",
    mayImport: ['lib', 'git', 'model', 'yaml', 'secrets', 'container', 'source', 'fleet'],
  },
  explain: {
    does: 'from where each value of a service is: the file, line and layer that gave it, and the layers that lost',
    mayImport: ['lib', 'model', 'yaml', 'container', 'fleet', 'compose'],
  },
  scaffold: {
    does: 'begins a config repo, and writes its Sites from a table',
    mayImport: ['lib', 'model', 'yaml', 'fleet'],
  },
  import: {
    does: 'reads a stack of `docker compose` and writes an Application of it',
    mayImport: ['lib', 'model', 'yaml', 'source', 'fleet', 'compose'],
  },
  validate: {
    does: 'checks a whole config repo, or one site of it',
    mayImport: [
      'lib',
      'model',
      'yaml',
      'windows',
      'source',
      'trust',
      'fleet',
      'recipients',
      'compose',
      'container',
      'policy',
    ],
  },
  engine: {
    does: '`client/` calls an engine by dockerode; `dialects/` has a file per engine; `observe/` reads the site and its changes; `operations.ts` carries operations out',
    mayImport: ['lib', 'net', 'model', 'container'],
  },
  plan: {
    does: 'decides what a site needs and drafts it as operations (pure); prints a plan; updates the memory',
    mayImport: ['lib', 'model', 'container'],
  },
  impact: {
    does: 'the effect of a change of the repo on every site: two revisions compiled, planned and grouped, without an engine',
    mayImport: ['lib', 'model', 'windows', 'container', 'source', 'fleet', 'compose', 'plan'],
  },
  apply: {
    does: "observes a site; carries a plan out, and decides nothing; writes files of Git on the site's disk",
    mayImport: ['lib', 'model', 'container', 'policy', 'engine', 'plan'],
  },
  agent: {
    does: 'the loop on a site, and its state on disk: `follow/` (Git), `admission/` (trust), `staging/` (rollouts), `reconcile/` (engine), `state/`, `time/` (what time is it, and may sync windows go by it?), `requirements/` (which apps are parked?), `status/` (how is the site?)',
    mayImport: [
      'lib',
      'git',
      'model',
      'yaml',
      'windows',
      'host',
      'container',
      'policy',
      'source',
      'trust',
      'fleet',
      'compose',
      'engine',
      'plan',
      'apply',
    ],
  },
  cli: {
    does: 'one definition per command: parses flags, calls a stage, prints, sets the exit code',
    mayImport: [
      'lib',
      'net',
      'git',
      'registry',
      'model',
      'yaml',
      'secrets',
      'windows',
      'host',
      'container',
      'policy',
      'source',
      'trust',
      'fleet',
      'recipients',
      'compose',
      'explain',
      'scaffold',
      'import',
      'validate',
      'engine',
      'plan',
      'apply',
      'impact',
      'agent',
    ],
  },
};

/** The table of docs/architecture.md. */
export function houseTable(): string {
  const rows = Object.entries(ROOMS).map(([name, { does, mayImport }]) => [
    `\`${name}/\``,
    does,
    mayImport.length === 0 ? 'nothing' : mayImport.join(', '),
  ]);
  const table = [['folder', 'purpose', 'may import'], ['---', '---', '---'], ...rows];
  return table.map((cells) => `| ${cells.join(' | ')} |\n`).join('');
}

/** Packages that one folder alone knows, so that they can be replaced there. */
export const PACKAGES_OF: Readonly<Record<string, string>> = {
  dockerode: 'engine',
  'age-encryption': 'secrets',
  'isomorphic-git': 'git',
  openpgp: 'trust',
  re2js: 'secrets',
  ssh2: 'git',
};

const MOST_LINES = 300;

/** A file of src/: its path from there (`plan/order.ts`) and its text. */
export interface SourceFile {
  path: string;
  text: string;
}

/** Everything in src/ that goes against the house, a line each, sorted: `src/plan/order.ts:3: plan may not import engine`. */
export function violations(files: readonly SourceFile[]): string[] {
  return [...files.flatMap(importsOf).flatMap(wrongArrow), ...files.flatMap(wrongShape), ...cycles(files)].sort();
}

interface Import {
  from: string;
  line: number;
  /** The text between the quotes. */
  target: string;
  /** The path from src/ of an import within it. */
  file?: string;
}

/** Imports, exports from elsewhere and dynamic imports; whole lines of comment are left out. */
export function importsOf({ path, text }: SourceFile): Import[] {
  const code = text.replace(/^\s*(\/\/|\*|\/\*).*$/gm, (comment) => comment.replace(/['"]/g, ' '));
  const pattern =
    /(?:^|[;\n])\s*(?:import|export)\b(?:[^'";()]*?\bfrom)?\s*['"]([^'"\n]+)['"]|\bimport\s*\(\s*['"]([^'"\n]+)['"]\s*[,)]/g;
  return [...code.matchAll(pattern)].map((match) => {
    const target = match[1] ?? match[2] ?? '';
    const line = code.slice(0, (match.index ?? 0) + match[0].length).split('\n').length;
    const file = target.startsWith('.') ? normalize(join(dirname(path), target)) : undefined;
    return { from: path, line, target, ...(file === undefined ? {} : { file }) };
  });
}

const folderOf = (path: string): string => path.split('/')[0] ?? '';

function wrongArrow({ from, line, target, file }: Import): string[] {
  const folder = folderOf(from);
  const at = `src/${from}:${line}`;
  if (file === undefined) {
    const name = target.split('/')[0] ?? target;
    const owner = PACKAGES_OF[name];
    return owner === undefined || owner === folder ? [] : [`${at}: only src/${owner} may import ${name}`];
  }
  // Imports from outside src/ are data: schemas and package.json.
  if (file.startsWith('..')) return file.endsWith('.json') ? [] : [`${at}: ${target} is outside src/`];
  const other = folderOf(file);
  const allowed = ROOMS[folder]?.mayImport;
  if (allowed === undefined) return [`${at}: ${folder} is not in the table of scripts/check-arrows.ts`];
  return other === folder || allowed.includes(other) ? [] : [`${at}: ${folder} may not import ${other}`];
}

function wrongShape({ path, text }: SourceFile): string[] {
  const found: string[] = [];
  const lines = text.trimEnd().split('\n').length;
  if (lines > MOST_LINES && !/^\s*(\/\*\*?|\/\/)[^\n]*(\n\s*[*/][^\n]*)*?\blong\b/i.test(text)) {
    found.push(`src/${path}: ${lines} lines; over ${MOST_LINES} the first comment says why it is that long`);
  }
  if (/^index\.[cm]?[jt]s$/.test(path.split('/').at(-1) ?? '')) found.push(`src/${path}: no barrel files`);
  const defaultExport = /^\s*export\s+default\b|^\s*export\s*\{[^}]*\bas\s+default\b/m.exec(text);
  if (defaultExport) {
    const line = text.slice(0, defaultExport.index + defaultExport[0].length).split('\n').length;
    found.push(`src/${path}:${line}: no default exports`);
  }
  return found;
}

/** Each circle of imports once, from its first file by name. Imports of types count too: a circle of them is one idea in two files. */
function cycles(files: readonly SourceFile[]): string[] {
  const next = new Map(files.map((file) => [file.path, importsOf(file).flatMap((one) => one.file ?? [])]));
  const found = new Set<string>();
  const done = new Set<string>();
  const walk = (path: string, trail: readonly string[]): void => {
    const start = trail.indexOf(path);
    if (start >= 0) {
      const circle = trail.slice(start);
      const first = circle.indexOf([...circle].sort()[0] ?? path);
      const turned = [...circle.slice(first), ...circle.slice(0, first)];
      found.add(`src/${turned[0]}: imports itself in a circle: ${[...turned, turned[0]].join(' -> ')}`);
      return;
    }
    if (done.has(path)) return;
    for (const target of next.get(path) ?? []) walk(target, [...trail, path]);
    done.add(path);
  };
  for (const path of [...next.keys()].sort()) walk(path, []);
  return [...found];
}

export async function readSources(src: string): Promise<SourceFile[]> {
  const names = await readdir(src, { recursive: true });
  const paths = names.map((name) => relative(src, join(src, name))).filter((path) => path.endsWith('.ts'));
  return Promise.all(paths.sort().map(async (path) => ({ path, text: await readFile(join(src, path), 'utf8') })));
}

/** The page with its table as it should be. */
export const withHouseTable = (page: string): string => page.replace(/^\| folder .*\n(\|.*\n)+/m, houseTable());

if (import.meta.main) {
  const root = dirname(import.meta.dirname);
  const files = await readSources(join(root, 'src'));
  const found = violations(files);
  const path = join(root, 'docs/architecture.md');
  const page = await readFile(path, 'utf8');
  if (withHouseTable(page) !== page) {
    if (process.argv.includes('--write')) await writeFile(path, withHouseTable(page));
    else found.push('docs/architecture.md: its table of folders is not this one: node scripts/check-arrows.ts --write');
  }
  for (const line of found) console.error(line);
  if (found.length > 0) process.exitCode = 1;
  else console.error(`Arrows: ${files.length} files, every import points the right way.`);
}
