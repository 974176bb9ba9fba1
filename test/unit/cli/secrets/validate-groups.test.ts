import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { run } from '../../../../src/cli/program.ts';
import { captureWritten, forgetWritten, written } from '../../../support/program/written.ts';
import {
  current,
  document,
  encrypt,
  fleet,
  one,
  person,
  person1,
  read,
  repo,
  shops,
  site,
  three,
  two,
  write,
} from './shops-repo.ts';

captureWritten();

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
