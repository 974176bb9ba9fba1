import { posix } from 'node:path';
import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { desiredOf, type GatherOptions, gather } from '../../../src/agent/follow/gather.ts';
import type { Accepted } from '../../../src/agent/state/accepted.ts';
import { compileApp } from '../../../src/compose/compile-app.ts';
import { InputError } from '../../../src/lib/errors.ts';
import type { DesiredApp } from '../../../src/model/state.ts';
import { recordSnapshot, replaySnapshot } from '../../../src/source/recording.ts';
import { memorySnapshot, placedApp, serviceText } from '../../unit/compose/support.ts';

// This file says a second time, in other words, what a path of a Compose file means on a site. It does so for any tree
// of files and any path.

const FILES = '/var/files';
const APP = 'apps/web';
const COMPOSE = 'made-for-this.yaml';

const name = fc.constantFrom(
  'a',
  'common',
  'web',
  'shop',
  'apps',
  'deploy',
  '.hidden',
  '.repo',
  'constructor',
  'x.conf',
);
const inTree = fc.array(name, { minLength: 1, maxLength: 4 }).map((parts) => parts.join('/'));
const tree = fc.array(inTree, { maxLength: 12 }).map((paths) => {
  const kept: string[] = [];
  // A path cannot be a file and a folder at once.
  for (const path of [`${APP}/app.yaml`, `${APP}/deploy/${COMPOSE}`, 'apps/shop/app.yaml', ...paths])
    if (!kept.some((other) => other === path || other.startsWith(`${path}/`) || path.startsWith(`${other}/`)))
      kept.push(path);
  return kept;
});
const written = fc
  .array(fc.oneof({ weight: 2, arbitrary: fc.constant('..') }, name, fc.constantFrom('.', '')), {
    minLength: 1,
    maxLength: 6,
  })
  .map((parts) => `./${parts.join('/')}`);
const project = fc.constantFrom(APP, `${APP}/deploy`);

type Meaning = { refused: true } | { source: string; files: string[] };

function meant(files: readonly string[], from: string, path: string): Meaning {
  const repo = posix.join('/repo/root/of/all', from, path).replace(/\/$/, '');
  const inRepo = posix.relative('/repo/root/of/all', repo);
  const onSite = posix.join(FILES, 'web', posix.relative(APP, from), path).replace(/\/$/, '');
  const below = files.filter((file) => inRepo === '' || file === inRepo || file.startsWith(`${inRepo}/`));
  const own = posix.relative(APP, inRepo);
  if (!own.startsWith('..')) {
    const isOfCopies = [own, ...below.map((file) => posix.relative(APP, file))].some((each) =>
      /^\.repo(\/|$)/.test(each),
    );
    return isOfCopies
      ? { refused: true }
      : {
          source: posix.join(FILES, 'web', own),
          files: below.map((file) => posix.join(FILES, 'web', posix.relative(APP, file))),
        };
  }
  if (below.length > 0 && !inRepo.startsWith('..')) {
    const copies = posix.join(FILES, 'web/.repo');
    return { source: posix.join(copies, inRepo), files: below.map((file) => posix.join(copies, file)) };
  }
  const [first = '', ...rest] = posix.relative(FILES, onSite).split('/');
  if (first === '..' || first === '' || first.startsWith('.') || ['web', 'shop'].includes(first))
    return { refused: true };
  expect(posix.join(FILES, first, ...rest)).toBe(onSite);
  return { source: onSite, files: [] };
}

async function compiled(files: readonly string[], from: string, path: string): Promise<Meaning> {
  const compose = `${from}/${COMPOSE}`;
  const all = {
    ...Object.fromEntries(files.map((file) => [file, file])),
    [compose]: serviceText(`volumes: ["${path}:/x"]`),
  };
  const app = placedApp({ name: 'web', folder: APP, compose: [compose] });
  const recording = recordSnapshot(memorySnapshot(all));
  const first = await attempt(() => compileApp(app, 'shop', recording.snapshot, { filesDir: FILES }));
  if ('refused' in first) return first;
  // A site compiles it again from what was recorded.
  const replayed = replaySnapshot('abc123', { description: 'x', name: 'x' }, recording.recorded());
  expect(await attempt(() => compileApp(app, 'shop', replayed, { filesDir: FILES }))).toEqual(first);
  return { ...first, files: first.files.filter((file) => !file.endsWith(`/${COMPOSE}`)) };
}

async function attempt(make: () => Promise<DesiredApp>): Promise<Meaning> {
  try {
    const app = await make();
    for (const { path } of app.files) expect(path.startsWith(`${FILES}/web/`)).toBe(true);
    return {
      source: app.services[0]?.containers[0]?.spec.Mounts?.[0]?.Source ?? '',
      files: app.files.map(({ path }) => path),
    };
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    expect(error.problems[0]?.at?.line).toBe(4);
    return { refused: true };
  }
}

test('every path is a file of Git below the folder of the app, data below the folder of all apps, or refused', async () => {
  await fc.assert(
    fc.asyncProperty(tree, project, written, async (files, from, path) => {
      const expected = meant([...files, `${from}/${COMPOSE}`], from, path);
      const listed =
        'files' in expected
          ? { ...expected, files: expected.files.filter((file) => !file.endsWith(`/${COMPOSE}`)).sort() }
          : expected;
      expect(await compiled(files, from, path)).toEqual(listed);
    }),
    { numRuns: 1_000 },
  );
});

// One site over many commits: Git takes files up and drops them, apps bind paths and leave them, and apps come and go.

const BOUND = ['../a/x', '../b', '../../shared/c.conf', '../shop', '../a'];
const GITS = ['apps/a/x', 'apps/a/y', 'apps/b/z', 'shared/c.conf', 'apps/shop/f'];
const history = fc.array(
  fc.record({
    web: fc.subarray(BOUND),
    till: fc.option(fc.subarray(BOUND), { nil: undefined }),
    gits: fc.subarray(GITS),
    apps: fc.subarray(['a', 'b', 'shop']),
  }),
  { minLength: 2, maxLength: 6 },
);
const document = (kind: string): string => JSON.stringify({ apiVersion: 'holdfast/v1', kind, spec: {} });
const from: GatherOptions = {
  url: 'x',
  ref: '',
  site: 'here',
  compile: { filesDir: FILES },
  stacks: async () => ({}),
  pinned: () => Promise.reject(new Error('nothing is pinned')),
};
const appOf = (name: string, paths: readonly string[]) => ({
  [`apps/${name}/app.yaml`]: document('Application'),
  [`apps/${name}/compose.yaml`]: serviceText(
    `volumes: ${JSON.stringify(paths.map((path, index) => `${path}:/at/${index}:ro`))}`,
  ),
});

/** The sources that the accepted apps bind, by path of the repo. */
async function boundBy(accepted: Accepted): Promise<Map<string, string>> {
  const { apps } = await desiredOf(accepted, from.compile);
  for (const { name, outside = [] } of apps)
    for (const { beside } of outside)
      expect(apps.some((other) => other.name === beside && other.name !== name)).toBe(false);
  return new Map(
    apps.flatMap(({ name, outside = [] }) =>
      outside.map(({ path, from: reading, site, copy }) => [
        `${name} ${path}`,
        (reading === 'git' ? copy : site) ?? '',
      ]),
    ),
  );
}

test('after any commits, a path that an app still binds does not change between data and a copy, and no app gets a folder of data', async () => {
  await fc.assert(
    fc.asyncProperty(history, async (commits) => {
      let accepted: Accepted | undefined;
      let before = new Map<string, string>();
      for (const { web, till, gits, apps } of commits) {
        const snapshot = memorySnapshot({
          'fleet.yaml': document('Fleet'),
          'sites/here.yaml': document('Site'),
          ...Object.fromEntries(gits.map((path) => [path, path])),
          ...appOf('web', web),
          ...(till && appOf('till', till)),
          ...Object.assign({}, ...apps.map((name) => appOf(name, []))),
        });
        accepted = (await gather(snapshot, from, accepted)).accepted;
        const bound = await boundBy(accepted);
        for (const [path, source] of bound) if (before.has(path)) expect(source).toBe(before.get(path));
        before = bound;
      }
    }),
    { numRuns: 300 },
  );
});
