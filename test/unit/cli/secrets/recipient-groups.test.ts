import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { afterEach, expect, test } from '@jest/globals';
import { run } from '../../../../src/cli/program.ts';
import { generateIdentity, type Identity, keyFileText } from '../../../../src/secrets/crypt/identity.ts';
import { openGroupKey } from '../../../../src/secrets/group-key.ts';
import { captureWritten, forgetWritten, written } from '../../../support/program/written.ts';
import { sealedFile } from '../../../support/secrets/sealed-file.ts';
import { type ConfigFolder, configFolder } from '../../../support/site/config-folder.ts';

captureWritten();

const [one, two, three, person, second] = (await Promise.all([1, 2, 3, 4, 5].map(generateIdentity))) as [
  Identity,
  Identity,
  Identity,
  Identity,
  Identity,
];
const document = (kind: string, spec: object): string => JSON.stringify({ apiVersion: 'holdfast/v1', kind, spec });
const site = (...keys: Identity[]): string => document('Site', { recipients: keys.map(({ recipient }) => recipient) });
const fleet = (people: Identity[], groups: object = { shops: { apps: ['pos', 'tax'] } }): string =>
  document('Fleet', {
    syncPolicy: {},
    oldestAgent: '0.2.0',
    recipients: people.map(({ recipient }) => recipient),
    recipientGroups: groups,
  });
const COMPOSE = JSON.stringify({
  services: { web: { image: 'busybox:1', secrets: ['db'] } },
  secrets: { db: { file: './db.yaml' } },
});

let repo: ConfigFolder;
let person1: string;
afterEach(async () => {
  await repo.remove();
});

/** The group `shops`: pos on both sites, tax on the second one alone. */
async function shops(more: Record<string, string> = {}): Promise<string> {
  repo = await configFolder({
    'fleet.yaml': fleet([person]),
    'sites/eu/one.yaml': site(one),
    'sites/eu/two.yaml': site(two),
    'apps/pos/app.yaml': document('Application', {}),
    'apps/pos/compose.yaml': COMPOSE,
    'apps/tax/app.yaml': document('Application', { placement: { sites: ['eu/two'] } }),
    'apps/tax/compose.yaml': JSON.stringify({ services: { web: { image: 'busybox:1' } } }),
    'person.key': keyFileText(person),
    'second.key': keyFileText(second),
    ...more,
  });
  person1 = join(repo.dir, 'person.key');
  expect(await run(['recipients', repo.dir])).toBe(0);
  return repo.dir;
}

const read = (path: string): Promise<string> => readFile(join(repo.dir, path), 'utf8');
const write = async (path: string, text: string): Promise<void> => {
  await mkdir(dirname(join(repo.dir, path)), { recursive: true });
  await writeFile(join(repo.dir, path), text);
};
const keysOf = async (path: string, own: Identity, group = 'shops'): Promise<string[]> =>
  (await openGroupKey({ group, path }, Buffer.from(await read(path)), [own])).map(({ recipient }) => recipient);
const ruleOf = async (app: string): Promise<string[]> =>
  (await read('.sops.yaml'))
    .split(`^apps/${app}/`)[1]
    ?.split('path_regex')[0]
    ?.match(/age1\w+/g) ?? [];
const encrypt = async (path: string, keys: string[]): Promise<void> =>
  write(path, await sealedFile(path, 'password: weasel\nusers:\n  admin: marten\n', { recipients: keys }));
const current = async (): Promise<string> => /^key (\S+)$/m.exec(await read('keys/shops.txt'))?.[1] ?? '';
const everything = async (): Promise<Record<string, string>> =>
  Object.fromEntries(
    await Promise.all(
      (await readdir(join(repo.dir, 'keys'), { recursive: true, withFileTypes: true }))
        .filter((entry) => entry.isFile())
        .map(async (entry) => [
          join(entry.parentPath, entry.name),
          await readFile(join(entry.parentPath, entry.name), 'utf8'),
        ]),
    ),
  );

test('the first run makes the key of a group, encrypts it for each site and the people, and writes rules for the group alone', async () => {
  await shops();
  expect(written).toContain('shops: made its key, and encrypted it for 2 sites\n');
  const keys = await keysOf('keys/shops/eu/one.age', one);
  expect(await keysOf('keys/shops/eu/two.age', two)).toEqual(keys);
  expect(await keysOf('keys/shops.age', person)).toEqual(keys);
  await expect(keysOf('keys/shops/eu/one.age', two)).rejects.toThrow('not encrypted for the key here');
  for (const app of ['pos', 'tax']) expect(await ruleOf(app)).toEqual([...keys, person.recipient].sort());
  expect(
    await read('keys/shops.txt'),
  ).toBe(`# Written by \`holdfast recipients\`: who has the key of the recipient group shops. Edits here are lost.
key ${keys[0]}
person ${person.recipient}
site eu/one ${one.recipient}
site eu/two ${two.recipient}
`);
  const before = await everything();
  forgetWritten();
  expect(await run(['recipients', repo.dir])).toBe(0);
  expect(await run(['recipients', repo.dir, '--check'])).toBe(0);
  expect(written).toBe('.sops.yaml is as it should be: rules for 2 apps\n'.repeat(2));
  expect(await everything()).toEqual(before);
});

test('a new site gets the key, which needs the key of a person, and no other file changes', async () => {
  const dir = await shops();
  await encrypt('apps/pos/db.yaml', [await current(), person.recipient]);
  await write('sites/us/three.yaml', site(three));
  const before = await everything();
  const rules = await read('.sops.yaml');
  expect(await run(['recipients', dir, '--check'])).toBe(1);
  expect(written).toContain('the key files of shops would change\n');
  expect(await run(['recipients', dir])).toBe(2);
  expect(written).toContain('only a person who has it can do that (give a private key');
  expect(await run(['recipients', dir, '--age-key-file', join(dir, 'second.key')])).toBe(2);
  expect(written).toContain('keys/shops.age:1:1: the file is not encrypted for the key here');
  expect(await everything()).toEqual(before);
  forgetWritten();
  expect(await run(['recipients', dir, '--age-key-file', person1])).toBe(0);
  expect(written).toBe('shops: encrypted its key for us/three\n.sops.yaml is as it should be: rules for 2 apps\n');
  expect(await keysOf('keys/shops/us/three.age', three)).toEqual([await current()]);
  const {
    [join(dir, 'keys/shops/us/three.age')]: _,
    [join(dir, 'keys/shops.txt')]: record,
    ...rest
  } = await everything();
  const { [join(dir, 'keys/shops.txt')]: recordBefore = '', ...restBefore } = before;
  expect(rest).toEqual(restBefore);
  expect(record).toBe(`${recordBefore}site us/three ${three.recipient}\n`);
  expect(await read('.sops.yaml')).toBe(rules);
});

test('a site that leaves ends the key: a new one beside it, the files to encrypt again, and the secrets to change', async () => {
  const dir = await shops();
  const former = await current();
  await encrypt('apps/pos/db.yaml', [former, person.recipient]);
  await encrypt('shared/ca.yaml', [former]);
  await rm(join(dir, 'sites/eu/two.yaml'));
  forgetWritten();
  expect(await run(['recipients', dir, '--age-key-file', person1])).toBe(0);
  const next = await current();
  expect(next).not.toBe(former);
  expect(written).toBe(`shops: made a new key, since eu/two left, and encrypted it for 1 site
wrote .sops.yaml: rules for 2 apps

encrypt these files again, since others should be able to read them:
  sops updatekeys --yes apps/pos/db.yaml && sops rotate --in-place apps/pos/db.yaml
  sops rotate --in-place --rm-age ${former} --add-age ${next} shared/ca.yaml

change these secrets, unless the key that was taken out is one that you replaced yourself:
  apps/pos/db.yaml: password, users.admin
  shared/ca.yaml: password, users.admin
`);
  // Sites read both until no file needs the former one.
  expect(await keysOf('keys/shops/eu/one.age', one)).toEqual([next, former]);
  expect(await keysOf('keys/shops.age', person)).toEqual([next, former]);
  expect(Object.keys(await everything()).filter((path) => path.includes('two'))).toEqual([]);
  // It says so again until it is done.
  forgetWritten();
  expect(await run(['recipients', dir])).toBe(0);
  expect(written).toContain('change these secrets');
  await encrypt('apps/pos/db.yaml', [next, person.recipient]);
  await encrypt('shared/ca.yaml', [next]);
  forgetWritten();
  expect(await run(['recipients', dir])).toBe(0);
  expect(written).toBe('.sops.yaml is as it should be: rules for 2 apps\n');
  // The next new key leaves the one behind that no file needs.
  expect(await run(['recipients', dir, '--renew', 'shops', '--age-key-file', person1])).toBe(0);
  expect(written).toContain('shops: made a new key, and encrypted it for 1 site\n');
  expect(await keysOf('keys/shops/eu/one.age', one)).toEqual([await current(), next]);
});

test('a person who leaves ends the key, and one who comes gets it', async () => {
  const dir = await shops();
  const former = await current();
  await write('fleet.yaml', fleet([person, second]));
  expect(await run(['recipients', dir, '--age-key-file', person1])).toBe(0);
  expect(written).toContain('shops: encrypted its key for the people\n');
  expect(await keysOf('keys/shops.age', second)).toEqual([former]);
  expect(await ruleOf('pos')).toEqual([former, person.recipient, second.recipient].sort());
  await write('fleet.yaml', fleet([second]));
  expect(await run(['recipients', dir, '--age-key-file', join(dir, 'second.key')])).toBe(0);
  expect(written).toContain('shops: made a new key, since a person left, and encrypted it for 2 sites\n');
  expect(await current()).not.toBe(former);
  await expect(keysOf('keys/shops.age', person)).rejects.toThrow('not encrypted for the key here');
});

test('a site that replaces its key gets the same key of the group for the new one', async () => {
  const dir = await shops();
  const key = await current();
  await write('sites/eu/one.yaml', site(one, three));
  expect(await run(['recipients', dir, '--age-key-file', person1])).toBe(0);
  expect(await keysOf('keys/shops/eu/one.age', three)).toEqual([key]);
  expect(await keysOf('keys/shops/eu/one.age', one)).toEqual([key]);
  await write('sites/eu/one.yaml', site(three));
  expect(await run(['recipients', dir, '--age-key-file', person1])).toBe(0);
  await expect(keysOf('keys/shops/eu/one.age', one)).rejects.toThrow('not encrypted for the key here');
  expect(await current()).toBe(key);
});

test('files that were for each site move to the group: nobody new can read them, so no secret has to change', async () => {
  const dir = await shops();
  await encrypt('apps/pos/db.yaml', [one.recipient, two.recipient, person.recipient]);
  forgetWritten();
  expect(await run(['recipients', dir])).toBe(0);
  expect(written).toContain('\n  sops updatekeys --yes apps/pos/db.yaml\n');
  expect(written).not.toContain('change these secrets');
});

test('a key file that is missing or broken is written again, and a stray one is removed', async () => {
  const dir = await shops();
  await write('keys/shops/eu/one.age', 'weasel');
  await rm(join(dir, 'keys/shops/eu/two.age'));
  await write('keys/shops/eu/nobody.age', 'weasel');
  await write('keys/masts.txt', 'key');
  forgetWritten();
  expect(await run(['recipients', dir, '--age-key-file', person1])).toBe(0);
  expect(written).toContain('keys/masts.txt is of no group in fleet.yaml; delete it when');
  expect(written).toContain('shops: encrypted its key for eu/one, eu/two\n');
  expect(await keysOf('keys/shops/eu/one.age', one)).toEqual(await keysOf('keys/shops/eu/two.age', two));
  expect((await readdir(join(dir, 'keys/shops/eu'))).sort()).toEqual(['one.age', 'two.age']);
});

test('with rules of a person, the keys are written and the rules printed', async () => {
  const dir = await shops();
  await write('.sops.yaml', 'creation_rules: []\n');
  await write('sites/us/three.yaml', site(three));
  const before = await everything();
  expect(await run(['recipients', dir, '--age-key-file', person1])).toBe(2);
  expect(await everything()).toEqual(before);
  expect(await run(['recipients', dir, '--age-key-file', person1, '--print'])).toBe(0);
  expect(await keysOf('keys/shops/us/three.age', three)).toEqual([await current()]);
  expect(await read('.sops.yaml')).toBe('creation_rules: []\n');
});

test.each<[string, () => Promise<unknown>, RegExp]>([
  [
    'nobody to open the key',
    () => write('fleet.yaml', fleet([])),
    /fleet\.yaml:1:\d+: nobody could open the key of the recipient group shops/,
  ],
  [
    'an app that is not there',
    () => write('fleet.yaml', fleet([person], { shops: { apps: ['poss'] } })),
    /fleet\.yaml:1:\d+: the recipient group shops names the app poss, which is not there \(did you mean pos\?\)/,
  ],
  [
    'a record that was edited',
    () => write('keys/shops.txt', 'key age1weasel\n'),
    /keys\/shops\.txt:1:1: this line has no public age key/,
  ],
  [
    'a record with another key',
    async () => write('keys/shops.txt', (await read('keys/shops.txt')).replace(await current(), three.recipient)),
    /names the key age1\w+, which keys\/shops\.age does not hold/,
  ],
  [
    'the key of another group',
    async () => write('keys/shops.age', await read('keys/shops/eu/one.age')),
    /keys\/shops\.age:1:1: the file is not encrypted for the key here/,
  ],
])('%s is said, and nothing is written', async (_, spoil, message) => {
  const dir = await shops();
  await write('sites/us/three.yaml', site(three));
  await spoil();
  const before = await everything();
  expect(await run(['recipients', dir, '--age-key-file', person1])).toBe(2);
  expect(written).toMatch(message);
  expect(await everything()).toEqual(before);
  expect(await run(['recipients', dir, '--renew', 'masts'])).toBe(2);
});

test('above 50 sites with a key each, it says how to make a group', async () => {
  const all = await Promise.all(Array.from({ length: 51 }, generateIdentity));
  const sites = Object.fromEntries(all.map((key, index) => [`sites/s${index}.yaml`, site(key)]));
  const files = await Promise.all(
    ['pos', 'tax'].map(async (app) => {
      const path = `apps/${app}/db.yaml`;
      return [path, await sealedFile(path, 'password: weasel\n', { recipients: [person.recipient] })];
    }),
  );
  await shops({ ...sites, ...Object.fromEntries(files), 'fleet.yaml': fleet([person], {}) });
  expect(written).toContain(
    'pos: each of its files is encrypted for 53 sites, and each new site changes them (put it in a group: `recipientGroups: { pos: { apps: [pos] } }` in fleet.yaml)',
  );
  expect(written).not.toMatch(/tax: each/);
});

/** The lines of `validate` that say what is wrong. */
async function validated(): Promise<string[]> {
  forgetWritten();
  const exit = await run(['validate', repo.dir]);
  const found = written.split('\n').filter((line) => /^(error|warning):/.test(line));
  expect(exit).toBe(found.some((line) => line.startsWith('error')) ? 2 : 0);
  return found;
}

test('validate needs no key to see that each site of an app can decrypt its files', async () => {
  const dir = await shops();
  await encrypt('apps/pos/db.yaml', [await current(), person.recipient]);
  expect(await validated()).toEqual([]);

  await write('sites/us/three.yaml', site(three));
  await write('sites/us/four.yaml', document('Site', {}));
  expect(await validated()).toEqual([
    expect.stringContaining(
      'warning: sites/us/four.yaml:1:1: nothing tells if us/four can decrypt the files that it uses',
    ),
    'error: keys/shops.txt:1:1: the recipient group shops has no key file (keys/shops/SITE.age), so nothing is decrypted on site us/three (write it with `holdfast recipients`)',
  ]);
  await rm(join(dir, 'sites/us'), { recursive: true });

  const own = await read('keys/shops/eu/one.age');
  await write('keys/shops/eu/one.age', own.slice(0, 200));
  expect(await validated()).toEqual([
    expect.stringMatching(/^error: keys\/shops\/eu\/one\.age:1:1: .* a part of it is missing on site eu\/one$/),
  ]);
  await write('keys/shops/eu/one.age', own);
  await write('sites/eu/one.yaml', site(three));
  expect(await validated()).toEqual([
    'error: keys/shops/eu/one.age:1:1: the file was encrypted for other keys than those that the Site lists on site eu/one (write it with `holdfast recipients`)',
  ]);
  await write('sites/eu/one.yaml', site(one));

  // A file that is encrypted for each site needs no group.
  await encrypt('apps/pos/db.yaml', [one.recipient, two.recipient]);
  const record = await read('keys/shops.txt');
  await rm(join(dir, 'keys'), { recursive: true });
  expect(await validated()).toEqual([]);
  await encrypt('apps/pos/db.yaml', [one.recipient]);
  expect(await validated()).toEqual([
    'error: apps/pos/compose.yaml:1:84: there is no keys/shops.txt: the recipient group shops has no key yet on site eu/two (write it with `holdfast recipients`)',
  ]);
  await write('keys/shops.txt', `${record}sight eu/two age1\n`);
  expect(await validated()).toEqual([
    expect.stringMatching(/^error: keys\/shops\.txt:6:1: this line has no public age key/),
  ]);
});

test('validate says which files are still encrypted for a key that the group had before, and which are not for the group', async () => {
  const dir = await shops();
  const former = await current();
  await encrypt('apps/pos/db.yaml', [former]);
  await rm(join(dir, 'sites/eu/two.yaml'));
  await rm(join(dir, 'apps/tax'), { recursive: true });
  await write('fleet.yaml', fleet([person], { shops: { apps: ['pos'] } }));
  expect(await run(['recipients', dir, '--age-key-file', person1])).toBe(0);
  expect(await validated()).toEqual([
    'warning: apps/pos/compose.yaml:1:84: apps/pos/db.yaml is still encrypted for a key that the recipient group shops had before (`holdfast recipients` lists the commands that encrypt it again, and the secrets to change)',
  ]);
  await encrypt('apps/pos/db.yaml', [person.recipient]);
  expect(await validated()).toEqual([
    expect.stringContaining(
      'error: apps/pos/compose.yaml:1:84: apps/pos/db.yaml is encrypted, and not for a recipient of each site that runs pos',
    ),
  ]);
  await write('fleet.yaml', fleet([person], { shops: { apps: ['pos', 'till'] } }));
  expect(await validated()).toContainEqual(
    expect.stringMatching(
      /^error: fleet\.yaml:1:\d+: the recipient group shops names the app till, which is not there/,
    ),
  );
});

test('a path with other characters is quoted, for sops and for the shell', async () => {
  const path = "values/one: (it's a).env";
  await shops({
    [path]: await sealedFile('one.env', 'PORT=1\n', { recipients: [two.recipient] }),
    'sites/eu/one.yaml': document('Site', { recipients: [one.recipient], valuesFrom: `/${path}` }),
  });
  expect(await read('.sops.yaml')).toContain(`path_regex: "^values/one: \\\\(it's a\\\\)\\\\.env$"\n`);
  expect(written).toContain(`sops rotate --in-place 'values/one: (it'\\''s a).env'\n`);
});
