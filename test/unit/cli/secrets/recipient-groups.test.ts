import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { run } from '../../../../src/cli/program.ts';
import { generateIdentity } from '../../../../src/secrets/crypt/identity.ts';
import { captureWritten, forgetWritten, written } from '../../../support/program/written.ts';
import { sealedFile } from '../../../support/secrets/sealed-file.ts';
import {
  current,
  document,
  encrypt,
  everything,
  fleet,
  keysOf,
  one,
  person,
  person1,
  read,
  repo,
  ruleOf,
  second,
  shops,
  site,
  three,
  two,
  write,
} from './shops-repo.ts';

captureWritten();

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

test('a path with other characters is quoted, for sops and for the shell', async () => {
  const path = "values/one: (it's a).env";
  await shops({
    [path]: await sealedFile('one.env', 'PORT=1\n', { recipients: [two.recipient] }),
    'sites/eu/one.yaml': document('Site', { recipients: [one.recipient], valuesFrom: `/${path}` }),
  });
  expect(await read('.sops.yaml')).toContain(`path_regex: "^values/one: \\\\(it's a\\\\)\\\\.env$"\n`);
  expect(written).toContain(`sops rotate --in-place 'values/one: (it'\\''s a).env'\n`);
});
