import { expect, test } from '@jest/globals';
import { placeSite } from '../../../src/fleet/place-site.ts';
import { withoutSettings } from '../../../src/import/compose-settings.ts';
import { applicationText, fleetText } from '../../../src/import/documents.ts';
import { unsetVariables } from '../../../src/import/variables.ts';
import { writeNew } from '../../../src/import/write.ts';
import type { Disk } from '../../../src/lib/disk.ts';
import type { SourceFile } from '../../../src/model/snapshot.ts';
import { memorySnapshot } from '../compose/support.ts';

const fileOf = (text: string): SourceFile => ({ content: Buffer.from(text), executable: false });
const files = (texts: Record<string, string>): Record<string, SourceFile> =>
  Object.fromEntries(Object.entries(texts).map(([path, text]) => [path, fileOf(text)]));

test('variables that need a value are those without a default that .env does not set', () => {
  const text = `# \${COMMENTED}
a: $PLAIN \${BRACED} \${TOLD:?say it} \${MUST?} \${DEFAULTED:-x} \${EMPTY-} \${PLUS:+y} $$MEANT \${SET} \${COMPOSE_PROJECT_NAME}
`;
  expect(unsetVariables(files({ 'compose.yaml': text, '.env': 'export SET=1\n', 'other.txt': '$NOT' }))).toEqual([
    'BRACED',
    'MUST',
    'PLAIN',
    'TOLD',
  ]);
});

test('settings of docker compose are taken out of .env, and nothing else is', async () => {
  const env = '# one\nCOMPOSE_PROJECT_NAME="shop"\nexport COMPOSE_PROFILES=a,b\nTAG=1\nCOMPOSE_FILE=a.yml:b.yml\n';
  const { snapshot, settings } = await withoutSettings(memorySnapshot({ '.env': env, a: 'a' }));
  expect(settings).toEqual({ name: 'shop', profiles: ['a', 'b'], files: ['a.yml', 'b.yml'] });
  expect(Buffer.from((await snapshot.read('.env'))?.content ?? []).toString()).toBe('# one\nTAG=1\n');
  expect(Buffer.from((await snapshot.read('a'))?.content ?? []).toString()).toBe('a');
  const plain = memorySnapshot({ '.env': 'TAG=1\n' });
  expect(await withoutSettings(plain)).toEqual({ snapshot: plain, settings: {} });
});

test('documents are valid whatever a path or a name holds', async () => {
  const application = applicationText({
    compose: ["it's: a.yml"],
    profiles: ['#1'],
    adopt: true,
    projectDirectory: '/srv/my "shop"',
  });
  const snapshot = memorySnapshot({
    'fleet.yaml': fleetText('a: b', ['PORT']),
    'sites/one.yaml': 'apiVersion: holdfast/v1\nkind: Site\nspec: {}\n',
    'apps/shop/app.yaml': application,
    "apps/shop/it's: a.yml": 'services: {}\n',
  });
  const placed = await placeSite(snapshot, {});
  expect(placed.broken).toEqual([]);
  expect(placed.apps[0]).toMatchObject({
    adopt: true,
    projectDirectory: '/srv/my "shop"',
    compose: ["apps/shop/it's: a.yml"],
    profiles: ['#1'],
    siteValues: ['PORT'],
    sync: { automated: { prune: true, selfHeal: true } },
  });
});

test('files are written all or none, and what is there as it should be is left alone', async () => {
  const held = new Map([
    ['/repo/same', Buffer.from('same')],
    ['/repo/other', Buffer.from('old')],
  ]);
  const disk = {
    read: async (path: string) => held.get(path),
    write: async (path: string, content: Uint8Array) => void held.set(path, Buffer.from(content)),
  } as unknown as Disk;
  const wanted = files({ same: 'same', other: 'new', more: 'more' });
  await expect(writeNew(disk, '/repo', wanted, false)).rejects.toThrow('other is there already, and differs');
  expect(held.size).toBe(2);
  expect(await writeNew(disk, '/repo', wanted, true)).toEqual(['more', 'other']);
  expect(held.get('/repo/other')?.toString()).toBe('new');
});

test.each(['../evil/app.yaml', 'a/../../evil', '/etc/evil', '..'])(
  'nothing is written where %s would lead',
  async (path) => {
    const touched: string[] = [];
    const disk = {
      read: async () => undefined,
      write: async (at: string) => void touched.push(at),
    } as unknown as Disk;
    await expect(writeNew(disk, '/repo', files({ 'apps/a/app.yaml': 'x', [path]: 'x' }), true)).rejects.toThrow(
      'leads out of /repo',
    );
    expect(touched).toEqual([]);
  },
);
