import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { run } from '../../../src/cli/program.ts';
import { placeSite } from '../../../src/fleet/place-site.ts';
import { type Kind, SCHEMAS } from '../../../src/fleet/schema/schemas.ts';
import { compareVersions, VERSION } from '../../../src/lib/version.ts';
import { captureWritten, forgetWritten, written } from '../../support/program/written.ts';
import { type ConfigFolder, configFolder } from '../../support/site/config-folder.ts';
import { memorySnapshot } from '../../support/values/memory-snapshot.ts';

captureWritten();

interface Schema {
  'x-since'?: string;
  properties?: Record<string, Schema>;
  items?: Schema;
}

/** All keys of a schema with the version that brought each. */
function keysOf(schema: Schema, path = ''): [string, string | undefined][] {
  const properties = Object.entries(schema.properties ?? {});
  return [
    ...properties.flatMap(([key, below]): [string, string | undefined][] => {
      const name = path === '' ? key : `${path}.${key}`;
      return [[name, below['x-since']], ...keysOf(below, name)];
    }),
    ...(schema.items ? keysOf(schema.items, `${path}[]`) : []),
  ];
}

test.each(Object.keys(SCHEMAS) as Kind[])('each key of %s says which version brought it', async (kind) => {
  const fixture = join(import.meta.dirname, '../../fixtures/keys-of-0.1.0.json');
  const first = (JSON.parse(await readFile(fixture, 'utf8')) as Record<string, string[]>)[kind.toLowerCase()] ?? [];
  const keys = keysOf(SCHEMAS[kind] as Schema);
  for (const [name, since] of keys) {
    if (first.includes(name)) expect([name, since]).toEqual([name, '0.1.0']);
    else expect([name, since]).toEqual([name, expect.stringMatching(/^0\.[2-9]\d*\.\d+$/)]);
    expect(compareVersions(since ?? '', VERSION)).toBeLessThanOrEqual(0);
  }
  expect(keys.map(([name]) => name)).toEqual(expect.arrayContaining(first));
});

const document = (kind: string, spec: object = {}): string =>
  JSON.stringify({ apiVersion: 'holdfast/v1', kind, spec }, null, 1);
const COMPOSE = 'services:\n  s: { image: nginx, x-holdfast: { failedJob: leave } }\n';
const SILENCED = COMPOSE.replace('failedJob: leave', 'ignoreAdvice: [healthcheck]');
const WINDOWS = { syncWindows: [{ kind: 'allow', schedule: '0 1 * * *', duration: '1h' }] };

let folder: ConfigFolder;
beforeEach(async () => {
  folder = await configFolder({
    'fleet.yaml': document('Fleet', { syncPolicy: {} }),
    'sites/a.yaml': document('Site'),
    'apps/web/app.yaml': document('Application'),
    'apps/web/compose.yaml': COMPOSE,
  });
});
afterEach(() => folder.remove());

const validate = async (files: Record<string, string>): Promise<number> => {
  await folder.write(files);
  forgetWritten();
  return run(['validate', folder.dir]);
};

test.each([
  ['fleet.yaml', document('Fleet', { syncPolicy: {}, defaults: { pids: 9 } }), '5:3: spec.defaults'],
  ['sites/a.yaml', document('Site', { suspend: true }), '5:3: spec.suspend'],
  ['apps/web/app.yaml', document('Application', WINDOWS), '5:3: spec.syncWindows'],
  ['apps/web/app.yaml', document('Application', { dependsOn: ['db'] }), '5:3: spec.dependsOn'],
  ['apps/web/compose.yaml', SILENCED, '2:36: x-holdfast.ignoreAdvice'],
  [
    'apps/web/compose.yaml',
    `${COMPOSE}  h: { image: nginx, x-holdfast: { hook: PreSync } }\n`,
    '3:36: x-holdfast.hook',
  ],
  ['fleet.yaml', document('Fleet', { oldestAgent: '0.1.0' }), '5:3: spec.oldestAgent'],
])('validate refuses a key in %s that the oldest agent does not know, with its place', async (file, text, place) => {
  expect(await validate({})).toBe(0);
  expect(await validate({ [file]: text })).toBe(2);
  const [at, name] = place.split(': ');
  expect(written).toMatch(
    new RegExp(`${file}:\\d+:${at?.split(':')[1]}: ${name} came with 0.2.0, and agents of 0.1.0 refuse it`),
  );
  expect(written).toContain(
    '(update all agents to 0.2.0 first, and then write `oldestAgent: 0.2.0` under spec in fleet.yaml)',
  );
});

test('once the Fleet says that all agents are new enough, the keys are right; the site itself never refuses them', async () => {
  const files = {
    'fleet.yaml': document('Fleet', { syncPolicy: {}, oldestAgent: '0.2.0', defaults: { pids: 9 } }),
    'sites/a.yaml': document('Site', { suspend: true }),
    'apps/web/app.yaml': document('Application', WINDOWS),
    'apps/web/compose.yaml': SILENCED,
  };
  expect(await validate(files)).toBe(0);
  const old = { ...files, 'fleet.yaml': document('Fleet', { defaults: { pids: 9 } }) };
  expect((await placeSite(memorySnapshot(old), { site: 'a' })).apps).toHaveLength(1);
});

test('an oldest agent that is no version is refused', async () => {
  expect(await validate({ 'fleet.yaml': document('Fleet', { oldestAgent: 'new' }) })).toBe(2);
  expect(written).toMatch(/fleet\.yaml:5:18: spec\.oldestAgent must be a version such as 0\.2\.0, not "new"/);
});

test('an unknown key in app.yaml refuses that app alone', async () => {
  const files = {
    'fleet.yaml': document('Fleet'),
    'sites/a.yaml': document('Site'),
    'apps/new/app.yaml': document('Application', { tomorrow: 1 }),
    'apps/new/compose.yaml': COMPOSE,
    'apps/web/app.yaml': document('Application'),
    'apps/web/compose.yaml': COMPOSE,
  };
  const placed = await placeSite(memorySnapshot(files), { site: 'a' });
  expect(placed.apps.map(({ name }) => name)).toEqual(['web']);
  expect(placed.broken).toMatchObject([{ name: 'new', problems: [{ message: 'unknown key `tomorrow` in spec' }] }]);
});

test.each(['Fleet', 'Site', 'Application'])(
  'an unknown key in a %s says the version that the fleet is for',
  async (kind) => {
    const more = (own: string): object => (kind === own ? { tomorrow: 1 } : {});
    const files = {
      'fleet.yaml': document('Fleet', { syncPolicy: {}, oldestAgent: '99.0.0', ...more('Fleet') }),
      'sites/a.yaml': document('Site', more('Site')),
      'apps/web/app.yaml': document('Application', more('Application')),
    };
    expect(await validate(files)).toBe(2);
    expect(written).toContain(
      `unknown key \`tomorrow\` in spec (the fleet is for Holdfast 99.0.0 and later, and this is ${VERSION}: update it)`,
    );
  },
);
