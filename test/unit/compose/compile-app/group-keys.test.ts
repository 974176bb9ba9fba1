import { expect, test } from '@jest/globals';
import { compileApp } from '../../../../src/compose/compile-app.ts';
import type { PlacedApp } from '../../../../src/model/fleet.ts';
import { changeDigest } from '../../../../src/plan/facts/goals.ts';
import { sealAgeFile } from '../../../../src/secrets/crypt/age-file.ts';
import { generateIdentity, type Identity } from '../../../../src/secrets/crypt/identity.ts';
import { groupKeyText } from '../../../../src/secrets/group-key.ts';
import { siteSecrets } from '../../../../src/secrets/site-secrets.ts';
import { recordSnapshot, replaySnapshot } from '../../../../src/source/recording.ts';
import { sealedFile } from '../../../support/secrets/sealed-file.ts';
import { memorySnapshot, placedApp, problemsOf } from '../support.ts';

const [site, app, group, former] = (await Promise.all([1, 2, 3, 4].map(generateIdentity))) as [
  Identity,
  Identity,
  Identity,
  Identity,
];
const PLAIN = 'password: weasel-17320508\n';
const COMPOSE = 'services: { web: { image: busybox, secrets: [db] } }\nsecrets: { db: { file: ./db.yaml } }\n';
const OWN = 'keys/shops/shop.age';
const sealed = (key: Identity): Promise<string> => sealedFile('db.yaml', PLAIN, { recipients: [key.recipient] });
const keyFile = (keys: Identity[], recipient = site): Promise<string> =>
  sealAgeFile(groupKeyText('shops', keys), [recipient.recipient]);

const filesOf = async (db: Identity, key?: Identity[] | string): Promise<Record<string, string>> => ({
  'compose.yaml': COMPOSE,
  'db.yaml': await sealed(db),
  'keys/shops/other.age': 'the file of another site',
  ...(key && { [OWN]: typeof key === 'string' ? key : await keyFile(key) }),
});
const secretsOf = (apps: Record<string, Identity[]> = {}, keys = [site]) =>
  siteSecrets({ site: keys, apps: new Map(Object.entries(apps)) }, Buffer.alloc(32, 7));

async function read(files: Record<string, string>, secrets = secretsOf(), changes: Partial<PlacedApp> = {}) {
  const recorder = recordSnapshot(memorySnapshot(files));
  const placed = placedApp({ recipientGroup: 'shops', ...changes });
  const compiled = await compileApp(placed, 'shop', recorder.snapshot, { filesDir: '/files', secrets });
  return { compiled, recorded: recorder.recorded(), placed };
}
const plainOf = ({ compiled }: Awaited<ReturnType<typeof read>>) =>
  Buffer.from(compiled.files[0]?.content ?? '').toString();

test('an app decrypts its files with the key of its group, which only the key of the site opens', async () => {
  expect(plainOf(await read(await filesOf(group, [group])))).toBe(PLAIN);
  // While files move, the key before is read as well.
  expect(plainOf(await read(await filesOf(former, [group, former])))).toBe(PLAIN);
});

test('the recording has the encrypted key of this site alone, and is enough to decrypt offline', async () => {
  const { compiled, recorded, placed } = await read(await filesOf(group, [group]));
  expect(Object.keys(recorded.files).filter((path) => path.startsWith('keys/'))).toEqual([OWN]);
  // No list of the keys of all sites either.
  expect(Object.keys(recorded.lists).filter((path) => path.startsWith('keys'))).toEqual([]);
  const replayed = replaySnapshot('abc', { description: '', name: '' }, recorded);
  const again = await compileApp(placed, 'shop', replayed, { filesDir: '/files', secrets: secretsOf() });
  expect(changeDigest(again)).toBe(changeDigest(compiled));
  expect(
    JSON.stringify(Object.values(recorded.files).map(({ content }) => Buffer.from(content).toString())),
  ).not.toMatch(/AGE-SECRET-KEY/);
});

test('a new key of the group changes nothing of the app', async () => {
  const [before, after] = [
    await read(await filesOf(former, [former])),
    await read(await filesOf(group, [group, former])),
  ];
  expect(changeDigest(after.compiled)).toBe(changeDigest(before.compiled));
});

test('a file that the key of the site opens by itself needs no key of a group, and none is read', async () => {
  const { recorded } = await read(await filesOf(site, 'broken'));
  expect(Object.keys(recorded.files).some((path) => path.startsWith('keys/'))).toBe(false);
});

test('an app that is not in the group gets nothing of its key', async () => {
  const files = await filesOf(group, [group]);
  for (const recipientGroup of [undefined, 'masts'])
    expect(await problemsOf(read(files, secretsOf(), { recipientGroup }))).toContain(
      'db.yaml is not encrypted for the key here',
    );
});

test('an app with a key of its own opens the key of its group with that one alone', async () => {
  const secrets = secretsOf({ app: [app] });
  expect(await problemsOf(read(await filesOf(group, [group]), secrets))).toContain(
    `keys/shops/shop.age:1:1: the file is not encrypted for the key here, ${app.recipient}`,
  );
  expect(plainOf(await read(await filesOf(group, await keyFile([group], app)), secrets))).toBe(PLAIN);
});

test('the messages for a key that is missing, of another group, or not the one of the file', async () => {
  expect(await problemsOf(read(await filesOf(group)))).toBe(
    `db.yaml is not encrypted for the key here, ${site.recipient}, and there is no keys/shops/shop.age with the key of the group shops for this site (write it with \`holdfast recipients\`)`,
  );
  const masts = await sealAgeFile(groupKeyText('masts', [group]), [site.recipient]);
  expect(await problemsOf(read(await filesOf(group, masts)))).toContain('does not hold the key of the group shops');
  expect(await problemsOf(read(await filesOf(group, [former])))).toBe(
    `db.yaml is not encrypted for the key here, ${site.recipient}, ${former.recipient} (add the recipient with \`sops updatekeys\`)`,
  );
});
