import { expect, test } from '@jest/globals';
import { impactText } from '../../../src/impact/print/text.ts';
import { generateIdentity } from '../../../src/secrets/crypt/identity.ts';
import { sealedFile } from '../../support/secrets/sealed-file.ts';
import { compare, document, type Files, fleet } from './support.ts';

const key = await generateIdentity();
const TEXT =
  'services: { web: { image: "shop/web:${TAG}", environment: { URL: "db://x:${PASSWORD}@db", LEVEL: "${LEVEL}" } } }';
const sealed = (password: string, recipients: number, iv: number): Promise<string> =>
  sealedFile('secrets.yaml', `PASSWORD: ${password}\n`, {
    recipients: Array.from({ length: recipients }, () => key.recipient),
    dataKey: Buffer.alloc(32, 1),
    random: (size) => Buffer.alloc(size, iv),
  });

/** All sites have the tag of the Fleet's file; site c has values of its own. */
const repo = async (changes: Files = {}): Promise<Files> =>
  fleet(TEXT, {
    'fleet.yaml': document('Fleet', {
      syncPolicy: { automated: { prune: true } },
      oldestAgent: '0.2.0',
      valuesFrom: 'all.env',
      values: { LEVEL: 'warn' },
    }),
    'all.env': 'TAG=1\nLEVEL=info\n',
    'sites/c.yaml': document('Site', { valuesFrom: '/values/c.json' }),
    'values/c.json': '{"TAG": "7", "LEVEL": "debug"}',
    'apps/pos/app.yaml': document('Application', { valuesFrom: ['secrets.yaml'] }),
    'apps/pos/secrets.yaml': await sealed('weasel', 1, 1),
    ...changes,
  });

async function told(to: Files): Promise<string[]> {
  const lines = impactText({ from: 'old', to: 'new', ...(await compare(await repo(), to)) }).map(({ sent }) =>
    sent.replace(/ {2,}/g, '  ').trim(),
  );
  return lines
    .slice(
      0,
      lines.findIndex((line) => line.startsWith('old -> new')),
    )
    .filter((line) => line !== '');
}

test('a value in a file changes the sites that take it from there, and no others', async () => {
  expect(await told(await repo({ 'all.env': 'TAG=2\nLEVEL=loud\n' }))).toEqual([
    '2 sites: a, b',
    'pos',
    '+ image shop/web:2  pull  not on the disk',
    '~ pos-web-1  replace  image: shop/web:1 -> shop/web:2',
  ]);
  expect(await told(await repo({ 'values/c.json': '{"TAG": "7"}' }))).toEqual([
    '1 site: c',
    'pos',
    '~ pos-web-1  replace  environment.LEVEL: debug -> warn',
  ]);
});

test('sites share what they compile from the same files, whatever the order of layers', async () => {
  const same = { 'sites/b.yaml': document('Site', { valuesFrom: '/values/c.json' }) };
  expect(await told(await repo(same))).toEqual([
    '1 site: b',
    'pos',
    '+ image shop/web:7  pull  not on the disk',
    '~ pos-web-1  replace  image: shop/web:1 -> shop/web:7; environment.LEVEL: warn -> debug',
  ]);
  const inline = {
    'sites/b.yaml': document('Site', { valuesFrom: '/values/c.json', values: { TAG: '1', LEVEL: 'warn' } }),
  };
  expect(await told(await repo(inline))).toEqual([]);
});

test('an encrypted value is changed, content unknown; other recipients of it are no change', async () => {
  const change = ['pos', '~ pos-web-1  replace  environment.URL: changed, content unknown'];
  const unknown = ['2 sites: a, b', ...change, '1 site: c', ...change];
  expect(await told(await repo({ 'apps/pos/secrets.yaml': await sealed('weasel', 3, 1) }))).toEqual([]);
  expect(await told(await repo({ 'apps/pos/secrets.yaml': await sealed('marten', 1, 1) }))).toEqual(unknown);
  expect(await told(await repo({ 'apps/pos/secrets.yaml': await sealed('weasel', 1, 2) }))).toEqual(unknown);
});
