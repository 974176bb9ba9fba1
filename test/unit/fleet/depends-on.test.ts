import { afterEach, describe, expect, test } from '@jest/globals';
import { run } from '../../../src/cli/program.ts';
import { placeSite } from '../../../src/fleet/place-site.ts';
import { captureWritten, written } from '../../support/program/written.ts';
import { type ConfigFolder, configFolder } from '../../support/site/config-folder.ts';
import { memorySnapshot } from '../../support/values/memory-snapshot.ts';

captureWritten();

const HEAD = 'apiVersion: holdfast/v1\nkind: ';
/** An app on these sites that depends on others. */
const app = (sites: string[], ...others: string[]): string =>
  `${HEAD}Application\nspec:\n  placement: { sites: [${sites.join(', ')}] }\n` +
  (others.length > 0 ? `  dependsOn:\n${others.map((other) => `    - ${other}\n`).join('')}` : '');
const compose = (name: string): string => `services: { ${name}: { image: ${name} } }\n`;

/** A repo with the sites a and b. */
const repo = (apps: Record<string, string>): Record<string, string> => ({
  'fleet.yaml': `${HEAD}Fleet\nspec: { oldestAgent: 0.2.0, syncPolicy: {} }\n`,
  'sites/a.yaml': `${HEAD}Site\n`,
  'sites/b.yaml': `${HEAD}Site\n`,
  ...Object.fromEntries(
    Object.entries(apps).flatMap(([name, text]) => [
      [`apps/${name}/app.yaml`, text],
      [`apps/${name}/compose.yaml`, compose(name)],
    ]),
  ),
});
const ALL = ['a', 'b'];

describe('the apps that an app depends on', () => {
  test('are read with their places', async () => {
    const { apps, absent } = await placeSite(memorySnapshot(repo({ db: app(ALL), pos: app(ALL, 'db') })), {
      site: 'a',
    });
    expect(apps.find(({ name }) => name === 'pos')?.dependsOn).toEqual([
      { app: 'db', at: { file: 'apps/pos/app.yaml', line: 6, column: 7 } },
    ]);
    expect(absent).toBeUndefined();
  });

  test('are absent where Git does not place them, and neither where they are broken nor where only a fact keeps them away', async () => {
    const files = repo({ db: app(['b']), pos: app(ALL, 'db', 'dbb', 'bad', 'arm'), bad: 'kind: [', arm: app(ALL) });
    const onArm = `${HEAD}Application\nspec: { placement: { matchLabels: { holdfast.arch: arm64 } } }\n`;
    const placed = await placeSite(memorySnapshot({ ...files, 'apps/arm/app.yaml': onArm }), {
      site: 'a',
      facts: async () => ({ 'holdfast.arch': 'amd64' }),
    });
    expect(placed.absent).toEqual(['db', 'dbb']);
  });

  test('do not include itself, over any number of others: all apps in the circle are broken, and no other one', async () => {
    const files = repo({
      db: app(ALL, 'cache'),
      cache: app(ALL, 'pos'),
      pos: app(ALL, 'db'),
      web: app(ALL, 'pos'),
      self: app(['b'], 'self'),
    });
    const { apps, broken } = await placeSite(memorySnapshot(files), { site: 'a' });
    expect(apps.map(({ name }) => name)).toEqual(['web']);
    expect(broken.map(({ problems }) => problems[0]?.message)).toEqual([
      'cache depends on itself: cache -> pos -> db -> cache (apps/cache/app.yaml:6:7, apps/pos/app.yaml:6:7, apps/db/app.yaml:6:7)',
      'db depends on itself: db -> cache -> pos -> db (apps/db/app.yaml:6:7, apps/cache/app.yaml:6:7, apps/pos/app.yaml:6:7)',
      'pos depends on itself: pos -> db -> cache -> pos (apps/pos/app.yaml:6:7, apps/db/app.yaml:6:7, apps/cache/app.yaml:6:7)',
    ]);
    const other = await placeSite(memorySnapshot(files), { site: 'b' });
    expect(other.broken.map(({ name }) => name)).toEqual(['cache', 'db', 'pos', 'self']);
  });
});

describe('validate', () => {
  let folder: ConfigFolder | undefined;
  afterEach(() => folder?.remove());
  const validate = async (apps: Record<string, string>): Promise<[number, string[]]> => {
    folder = await configFolder(repo(apps));
    const code = await run(['validate', folder.dir]);
    return [code, written.split('\n').filter((line) => line.startsWith('error:'))];
  };

  test('accepts an order', async () => {
    expect(await validate({ db: app(ALL), pos: app(ALL, 'db') })).toEqual([0, []]);
  });

  test('refuses an app that is not placed beside the one that depends on it, with the sites', async () => {
    expect(await validate({ db: app(['b']), pos: app(ALL, 'db') })).toEqual([
      2,
      [
        'error: apps/pos/app.yaml:6:7: pos depends on db, which is not placed on site a (place db wherever pos is, or take it out of dependsOn)',
      ],
    ]);
  });

  test('refuses an app that there is not, with the one that was meant', async () => {
    expect(await validate({ cache: app(ALL), pos: app(ALL, 'cahce') })).toEqual([
      2,
      ['error: apps/pos/app.yaml:6:7: pos depends on cahce, and there is no such app (did you mean cache?)'],
    ]);
  });

  test('refuses a circle with the files of it, and what is not a list of names', async () => {
    const [code, errors] = await validate({ db: app(ALL, 'pos'), pos: app(ALL, 'db'), web: app(ALL, '{}') });
    expect(code).toBe(2);
    expect(errors).toEqual([
      expect.stringContaining('apps/db/app.yaml:6:7: db depends on itself: db -> pos -> db'),
      expect.stringContaining('apps/pos/app.yaml:6:7: pos depends on itself: pos -> db -> pos'),
      expect.stringContaining('apps/web/app.yaml:6:7: '),
    ]);
  });
});

test('sites and explain show the apps that an app depends on', async () => {
  const folder = await configFolder(repo({ db: app(ALL), cache: app(['b']), pos: app(ALL, 'db') }));
  try {
    expect(await run(['sites', folder.dir])).toBe(0);
    expect(written.replaceAll(/ {2,}/g, '  ')).toContain(
      'SITE  DEPENDS ON  APPS\na  pos: db  db,pos\nb  pos: db  cache,db,pos\n',
    );
    expect(await run(['sites', folder.dir, '-o', 'json'])).toBe(0);
    expect(written).toMatch(/"dependsOn": \{\s+"pos": \[\s+"db"\s+\]/);
    expect(await run(['explain', '-f', folder.dir, 'a', 'pos', 'pos.image'])).toBe(0);
    expect(written).toContain(
      'pos depends on db: its changes begin once that is done and runs\n  apps/pos/app.yaml:6:7\n',
    );
  } finally {
    await folder.remove();
  }
});
