import { expect, test } from '@jest/globals';
import * as openpgp from 'openpgp';
import { readTrust } from '../../../src/cli/repo/signing/trust-file.ts';
import { endWarning } from '../../../src/trust/endless-signers.ts';
import { person } from '../../support/git/forge.ts';

const people = { ada: person('ada'), bob: person('bob'), bot: person('bot') };
type Entry = [name: keyof typeof people, more?: object];
const signer = ([name, more]: Entry) => ({ name, ssh: [people[name].line], ...more });
const line = (name: keyof typeof people, options: string): object => ({
  ssh: [`${name} ${options} ${people[name].line}`],
});
const END = { validBefore: '2027-01-01' };

const warned = async (signers: readonly object[], spec: object = {}): Promise<string | undefined> => {
  const text = JSON.stringify({
    apiVersion: 'holdfast/v1',
    kind: 'Trust',
    spec: { verify: 'every', ...spec, signers },
  });
  return (await endWarning(await readTrust(text, 'trust.yaml'), text, 'trust.yaml'))?.message;
};

test.each<[what: string, signers: Entry[], spec: object, isWarned: boolean]>([
  ['one key has none', [['ada'], ['bob', END]], {}, false],
  [
    'each signer has one',
    [
      ['ada', END],
      ['bob', END],
    ],
    {},
    true,
  ],
  [
    'each key has one',
    [
      ['ada', line('ada', 'valid-before="20270101"')],
      ['bob', END],
    ],
    {},
    true,
  ],
  [
    'only a signer with paths has none',
    [
      ['ada', END],
      ['bob', { paths: ['apps/shop'] }],
    ],
    {},
    true,
  ],
  [
    'only a key for beacons has none',
    [
      ['ada', END],
      ['bot', line('bot', 'namespaces="holdfast-beacon"')],
    ],
    {},
    true,
  ],
  ['too few for the threshold have none', [['ada'], ['bob', END]], { threshold: 2 }, true],
  ['enough for the threshold have none', [['ada'], ['bob'], ['bot', END]], { threshold: 2 }, false],
])('the warning about the ends of keys is right where %s', async (_, signers, spec, isWarned) => {
  expect((await warned(signers.map(signer), spec)) !== undefined).toBe(isWarned);
});

test('an OpenPGP key has the end that it says itself', async () => {
  const userIDs = [{ name: 'Ada', email: 'ada@example.org' }];
  for (const [keyExpirationTime, isWarned] of [
    [0, false],
    [86_400, true],
  ] as const) {
    const { publicKey } = await openpgp.generateKey({ userIDs, keyExpirationTime, format: 'armored' });
    expect((await warned([{ name: 'ada', pgp: publicKey }])) !== undefined).toBe(isWarned);
  }
});
