import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { afterEach, expect } from '@jest/globals';
import { run } from '../../../../src/cli/program.ts';
import { generateIdentity, type Identity, keyFileText } from '../../../../src/secrets/crypt/identity.ts';
import { openGroupKey } from '../../../../src/secrets/group-key.ts';
import { captureWritten } from '../../../support/program/written.ts';
import { sealedFile } from '../../../support/secrets/sealed-file.ts';
import { type ConfigFolder, configFolder } from '../../../support/site/config-folder.ts';

captureWritten();

export const [one, two, three, person, second] = (await Promise.all([1, 2, 3, 4, 5].map(generateIdentity))) as [
  Identity,
  Identity,
  Identity,
  Identity,
  Identity,
];
export const document = (kind: string, spec: object): string =>
  JSON.stringify({ apiVersion: 'holdfast/v1', kind, spec });
export const site = (...keys: Identity[]): string =>
  document('Site', { recipients: keys.map(({ recipient }) => recipient) });
export const fleet = (people: Identity[], groups: object = { shops: { apps: ['pos', 'tax'] } }): string =>
  document('Fleet', {
    syncPolicy: {},
    oldestAgent: '0.2.0',
    recipients: people.map(({ recipient }) => recipient),
    recipientGroups: groups,
  });
export const COMPOSE = JSON.stringify({
  services: { web: { image: 'busybox:1', secrets: ['db'] } },
  secrets: { db: { file: './db.yaml' } },
});

export let repo: ConfigFolder;
export let person1: string;
afterEach(async () => {
  await repo.remove();
});

/** The group `shops`: pos on both sites, tax on the second one alone. */
export async function shops(more: Record<string, string> = {}): Promise<string> {
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

export const read = (path: string): Promise<string> => readFile(join(repo.dir, path), 'utf8');
export const write = async (path: string, text: string): Promise<void> => {
  await mkdir(dirname(join(repo.dir, path)), { recursive: true });
  await writeFile(join(repo.dir, path), text);
};
export const keysOf = async (path: string, own: Identity, group = 'shops'): Promise<string[]> =>
  (await openGroupKey({ group, path }, Buffer.from(await read(path)), [own])).map(({ recipient }) => recipient);
export const ruleOf = async (app: string): Promise<string[]> =>
  (await read('.sops.yaml'))
    .split(`^apps/${app}/`)[1]
    ?.split('path_regex')[0]
    ?.match(/age1\w+/g) ?? [];
export const encrypt = async (path: string, keys: string[]): Promise<void> =>
  write(path, await sealedFile(path, 'password: weasel\nusers:\n  admin: marten\n', { recipients: keys }));
export const current = async (): Promise<string> => /^key (\S+)$/m.exec(await read('keys/shops.txt'))?.[1] ?? '';
export const everything = async (): Promise<Record<string, string>> =>
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
