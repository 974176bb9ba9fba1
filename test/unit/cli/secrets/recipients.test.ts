import { readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, expect, test } from '@jest/globals';
import { run } from '../../../../src/cli/program.ts';
import { generateIdentity, type Identity, parseIdentities } from '../../../../src/secrets/crypt/identity.ts';
import { captureWritten, forgetWritten, written } from '../../../support/program/written.ts';
import { sealedFile } from '../../../support/secrets/sealed-file.ts';
import { type ConfigFolder, configFolder } from '../../../support/site/config-folder.ts';

captureWritten();

const [lisbon, porto, person] = [await generateIdentity(), await generateIdentity(), await generateIdentity()];
const head = (kind: string, spec: object, labels = {}): string =>
  JSON.stringify({ apiVersion: 'holdfast/v1', kind, metadata: { labels }, spec });
const COMPOSE = JSON.stringify({
  services: { web: { image: 'busybox:1', secrets: ['db'], env_file: 'web.env' } },
  secrets: { db: { file: './db.yaml' } },
});
const sealed = (name: string, plain: string, keys: Identity[]): Promise<string> =>
  sealedFile(name, plain, { recipients: keys.map(({ recipient }) => recipient) });

const folders: ConfigFolder[] = [];
afterEach(async () => {
  for (const folder of folders.splice(0)) await folder.remove();
});
/** Two sites; `pos` runs on both, `till` in Porto alone. */
async function repo(
  keys: Identity[],
  sites: Record<string, object> = {},
  fleet: object = { oldestAgent: '0.2.0' },
): Promise<ConfigFolder> {
  const site = (identity: Identity) => head('Site', { recipients: [identity.recipient] });
  const folder = await configFolder({
    'fleet.yaml': head('Fleet', { syncPolicy: {}, ...fleet }).replace('"metadata":{"labels":{}},', ''),
    'sites/lisbon.yaml': sites.lisbon ? head('Site', sites.lisbon) : site(lisbon),
    'sites/porto.yaml': sites.porto ? head('Site', sites.porto) : site(porto),
    'apps/pos/app.yaml': head('Application', {}).replace('"metadata":{"labels":{}},', ''),
    'apps/pos/compose.yaml': COMPOSE,
    'apps/pos/db.yaml': await sealed('db.yaml', 'password: weasel-17320508\n', keys),
    'apps/pos/web.env': await sealed('web.env', 'TOKEN=marten-22360679\n', [lisbon, porto]),
    'apps/till/app.yaml': head('Application', { placement: { sites: ['porto'] } }).replace(
      '"metadata":{"labels":{}},',
      '',
    ),
    'apps/till/compose.yaml': 'services: { web: { image: "busybox:1" } }',
  });
  folders.push(folder);
  return folder;
}

test('validate needs no key, and takes files that each site can decrypt', async () => {
  const { dir } = await repo([lisbon, porto]);
  expect(await run(['validate', dir])).toBe(0);
  expect(written).toMatch(/(^|\n)valid: 2 sites, 2 apps\n$/);
  expect(written).not.toMatch(/^(error|warning):/m);
});

test('validate names the sites that cannot decrypt a file that they use, and the place that names it', async () => {
  const { dir } = await repo([lisbon]);
  expect(await run(['validate', dir])).toBe(2);
  expect(written).toContain(
    'error: apps/pos/compose.yaml:1:105: apps/pos/db.yaml is encrypted, and not for a recipient of each site that runs pos: it cannot be decrypted on site porto (write the rules with `holdfast recipients`, and encrypt the file for them with `sops updatekeys apps/pos/db.yaml`)\n',
  );
});

test('validate warns of a site that names no recipients, and takes one of several', async () => {
  const { dir } = await repo([lisbon], { porto: { recipients: [person.recipient, lisbon.recipient] }, lisbon: {} });
  expect(await run(['validate', dir])).toBe(0);
  expect(written).toContain('nothing tells if lisbon can decrypt the files that it uses');
});

test('a broken recipient has its place', async () => {
  const { dir } = await repo([lisbon], { porto: { recipients: ['AGE-SECRET-KEY-1X'] } });
  expect(await run(['validate', dir])).toBe(2);
  expect(written).toMatch(/sites\/porto\.yaml:1:\d+: .*must be a public age key/);
});

test('a file with values is encrypted for all apps and Sites that name it, and validate names who cannot decrypt it', async () => {
  const folder = await repo(
    [lisbon, porto],
    { lisbon: { recipients: [lisbon.recipient], valuesFrom: '/values/lisbon.env' } },
    { oldestAgent: '0.2.0', valuesFrom: 'values/all.json', recipients: [person.recipient] },
  );
  const { dir } = folder;
  const till = { placement: { sites: ['porto'] }, valuesFrom: ['till.yaml', '/values/shared.till.yaml'] };
  await folder.write({
    'apps/till/app.yaml': head('Application', till).replace('"metadata":{"labels":{}},', ''),
    'apps/till/till.yaml': await sealed('till.yaml', 'A: 1\n', [porto]),
    'values/shared.till.yaml': await sealed('shared.till.yaml', 'B: 1\n', [porto]),
    'values/all.json': await sealed('all.json', '{"C":"1"}', [lisbon]),
    'values/lisbon.env': await sealed('lisbon.env', 'D=1\n', [porto]),
  });
  expect(await run(['validate', dir])).toBe(2);
  const unable = [
    ...written.matchAll(
      /error: (\S+) (\S+) is encrypted, .* that runs (\w+): it cannot be decrypted(?: on site (\w+))?/g,
    ),
  ];
  expect(unable.map((found) => found.slice(1))).toEqual([
    ['values/all.json:1:1:', 'values/all.json', 'pos', 'porto'],
    ['values/all.json:1:1:', 'values/all.json', 'till', undefined],
    ['values/lisbon.env:1:1:', 'values/lisbon.env', 'pos', 'lisbon'],
  ]);

  forgetWritten();
  expect(await run(['recipients', dir])).toBe(0);
  expect(written).toMatch(/^wrote \.sops\.yaml: rules for 2 apps and 3 files with values\n/);
  const rules = (await readFile(join(dir, '.sops.yaml'), 'utf8')).replaceAll(/>-\s+/g, '').replaceAll(/,\s+/g, ' ');
  const ruleOf = (regex: string, ...keys: Identity[]): string =>
    `path_regex: ${regex}\n    age: ${[...keys, person]
      .map(({ recipient }) => recipient)
      .sort()
      .join(' ')}`;
  expect(rules.match(/path_regex:.*\n.*/g)).toEqual([
    ruleOf('^values/all\\.json$', lisbon, porto),
    ruleOf('^values/lisbon\\.env$', lisbon),
    ruleOf('^values/shared\\.till\\.yaml$', porto),
    ruleOf('^apps/pos/', lisbon, porto),
    ruleOf('^apps/till/', porto),
  ]);
  expect(written).toContain('  sops updatekeys --yes values/all.json\n');
  expect(written).toContain('  sops updatekeys --yes values/lisbon.env && sops rotate --in-place values/lisbon.env\n');
});

test('validate tells a fault of the Fleet’s values once, and not for each app', async () => {
  const folder = await repo([lisbon, porto], {}, { oldestAgent: '0.2.0', valuesFrom: 'all.yaml' });
  await folder.write({ 'all.yaml': 'A:\n  B: 1\n' });
  expect(await run(['validate', folder.dir])).toBe(2);
  expect(written.match(/^error: .*$/gm)).toEqual(['error: all.yaml:1:1: A is a mapping, and a value is one text']);
});

test('validate warns once of a plain value in a file with values that looks like a key', async () => {
  const folder = await repo([lisbon, porto], {}, { oldestAgent: '0.2.0', valuesFrom: ['all.json', 'all.env'] });
  await folder.write({
    'all.json': '{\n  "LEVEL": "info",\n  "DB_PASSWORD": "weasel-17320508"\n}\n',
    'all.env': 'export API_TOKEN=marten-22360679\n',
  });
  expect(await run(['validate', folder.dir])).toBe(0);
  const warnings = written.split('\n').filter((text) => text.includes('may be a secret'));
  expect(warnings).toEqual([
    expect.stringMatching(/^warning: all\.env:1:1: API_TOKEN may be a secret, /),
    expect.stringMatching(/^warning: all\.json:3:1: DB_PASSWORD may be a secret, .* \(encrypt the file with sops/),
  ]);
  expect(written).not.toMatch(/weasel|marten/);
});

test('recipients writes rules by where the apps run, and nothing else when it runs again', async () => {
  const { dir } = await repo([lisbon, porto], {}, { oldestAgent: '0.2.0', recipients: [person.recipient] });
  expect(await run(['recipients', dir])).toBe(0);
  // The files are for the sites, and not for the person yet.
  expect(written).toContain('  sops updatekeys --yes apps/pos/db.yaml\n  sops updatekeys --yes apps/pos/web.env\n');
  expect(written).not.toContain('rotate');
  const text = await readFile(join(dir, '.sops.yaml'), 'utf8');
  const keys = (...all: Identity[]) =>
    all
      .map(({ recipient }) => `      ${recipient}`)
      .sort()
      .join(',\n');
  expect(text).toBe(`# Written by \`holdfast recipients\` from the placements of the apps. Edits here are lost.
creation_rules:
  - path_regex: ^apps/pos/
    age: >-
${keys(lisbon, porto, person)}
  - path_regex: ^apps/till/
    age: >-
${keys(porto, person)}
`);
  expect(await run(['recipients', dir, '--check'])).toBe(0);
  await writeFile(join(dir, 'sites/porto.yaml'), head('Site', { recipients: [lisbon.recipient] }));
  expect(await run(['recipients', dir, '--check'])).toBe(1);
  expect(await readFile(join(dir, '.sops.yaml'), 'utf8')).toBe(text);
});

test('recipients writes over no rules of a person, and warns of a site without keys', async () => {
  const { dir } = await repo([lisbon, porto], { porto: {} });
  await writeFile(join(dir, '.sops.yaml'), 'creation_rules: []\n');
  expect(await run(['recipients', dir])).toBe(2);
  expect(written).toContain('.sops.yaml has rules of your own');
  forgetWritten();
  expect(await run(['recipients', dir, '--print'])).toBe(0);
  expect(written).not.toContain('apps/till');
  expect(written).toContain('pos: porto has no recipients, and cannot decrypt its files');
  // It has no encrypted files.
  expect(written).not.toContain('till: porto');
  expect(await readFile(join(dir, '.sops.yaml'), 'utf8')).toBe('creation_rules: []\n');
});

test('keygen writes a key for its owner alone, prints its public part, and writes over nothing', async () => {
  const { dir } = await repo([lisbon]);
  const file = join(dir, 'keys/site.key');
  expect(await run(['keygen', file])).toBe(0);
  const text = await readFile(file, 'utf8');
  const [identity] = await parseIdentities(text, file);
  expect(written).toContain(`${identity?.recipient}\n`);
  expect((await stat(file)).mode & 0o777).toBe(0o600);
  expect(await run(['keygen', file])).toBe(2);
  expect(written).toContain('is there already');
  expect(await readFile(file, 'utf8')).toBe(text);
  expect(await run(['keygen'])).toBe(2);
});

test('render and the fleet diff work without a key and show no value', async () => {
  const { dir } = await repo([lisbon, porto]);
  expect(await run(['render', dir, '--site', 'porto'])).toBe(0);
  expect(written).toContain('/run/holdfast/secrets/pos/secret-db');
  expect(written).toMatch(/TOKEN: '?\{\{TOKEN encrypted [0-9a-f]{12}\}\}/);
  expect(written).not.toMatch(/weasel|marten/);
});

test('validate refuses an encrypted file while an agent of the fleet does not decrypt', async () => {
  const { dir } = await repo([lisbon, porto], { lisbon: {}, porto: {} }, {});
  expect(await run(['validate', dir])).toBe(2);
  expect(written).toContain('apps/pos/db.yaml is encrypted, and agents of 0.1.0 do not decrypt files');
});
