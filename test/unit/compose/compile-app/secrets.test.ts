import { expect, test } from '@jest/globals';
import { compileSite } from '../../../../src/compose/compile-site.ts';
import type { CompileOptions } from '../../../../src/compose/load/values/values.ts';
import { filesGoal } from '../../../../src/container/labels/files-digest.ts';
import type { DesiredApp, DesiredContainer } from '../../../../src/model/state.ts';
import { changeDigest, goalOf } from '../../../../src/plan/facts/goals.ts';
import { generateIdentity, type Identity } from '../../../../src/secrets/crypt/identity.ts';
import { type SiteSecrets, siteSecrets } from '../../../../src/secrets/site-secrets.ts';
import { sealedFile } from '../../../support/secrets/sealed-file.ts';
import { compile, memorySnapshot, placedApp, problemsOf } from '../support.ts';

const DIGEST_KEY = Buffer.alloc(32, 7);
const PLAIN = 'password: weasel-17320508\n';
const shopsKey = await generateIdentity();
const otherKey = await generateIdentity();
const secretsWith = (site: readonly Identity[], apps: Record<string, Identity[]> = {}, key = DIGEST_KEY): SiteSecrets =>
  siteSecrets({ site, apps: new Map(Object.entries(apps)) }, key);
const sealed = (plain = PLAIN, recipients = [shopsKey], name = 'db.yaml', dataKey = Buffer.alloc(32, 1)) =>
  sealedFile(name, plain, { recipients: recipients.map(({ recipient }) => recipient), dataKey });

const TEXT = `services:
  web:
    image: busybox
    read_only: true
    secrets: [db]
    configs: [{ source: conf, target: /etc/conf }]
secrets:
  db: { file: ./db.yaml }
configs:
  conf: { file: ./conf.txt }
`;
const filesOf = async (db: string | Promise<string>) => ({ 'db.yaml': await db, 'conf.txt': 'plain' });
const on = async (secrets: SiteSecrets | undefined, db: string | Promise<string> = sealed()): Promise<DesiredApp> =>
  compile(TEXT, { files: await filesOf(db), options: secrets ? { secrets } : { placeholders: true } });
const digestOf = (app: DesiredApp): string => app.services[0]?.containers[0]?.filesDigest ?? '';

test('a secret whose file is encrypted is decrypted into the folder of secrets, and bound from there without a way to write', async () => {
  const app = await on(secretsWith([shopsKey]));
  expect(app.services[0]?.containers[0]?.spec.Mounts).toEqual([
    { Type: 'bind', Source: '/files/app/conf.txt', Target: '/etc/conf', ReadOnly: true, MustExist: true },
    {
      Type: 'bind',
      Source: '/run/holdfast/secrets/app/secret-db',
      Target: '/run/secrets/db',
      ReadOnly: true,
      MustExist: true,
    },
  ]);
  const [conf, secret] = app.files;
  expect(conf?.path).toBe('/files/app/conf.txt');
  expect(secret).toMatchObject({ path: '/run/holdfast/secrets/app/secret-db', mode: 0o444, secret: 'open' });
  expect(Buffer.from(secret?.content ?? '').toString()).toBe(PLAIN);
  expect(app.files).toHaveLength(2);
});

test('digests of secrets are made with the key of the site', async () => {
  const [one, same, other] = [
    await on(secretsWith([shopsKey])),
    await on(secretsWith([shopsKey])),
    await on(secretsWith([shopsKey], {}, Buffer.alloc(32, 8))),
  ];
  expect(filesGoal(digestOf(one))).toBe(filesGoal(digestOf(same)));
  expect(filesGoal(digestOf(one))).not.toBe(filesGoal(digestOf(other)));
  expect(changeDigest(one)).toBe(changeDigest(same));
});

test('another encryption of the same values changes nothing that is wanted, and other values do', async () => {
  const secrets = secretsWith([shopsKey]);
  const one = await on(secrets);
  const rotated = await on(secrets, sealed(PLAIN, [otherKey, shopsKey], 'db.yaml', Buffer.alloc(32, 2)));
  const changed = await on(secrets, sealed('password: marten-22360679\n'));
  expect(digestOf(rotated)).not.toBe(digestOf(one));
  expect(filesGoal(digestOf(rotated))).toBe(filesGoal(digestOf(one)));
  expect(changeDigest(rotated)).toBe(changeDigest(one));
  expect(filesGoal(digestOf(changed))).not.toBe(filesGoal(digestOf(one)));
  expect(changeDigest(changed)).not.toBe(changeDigest(one));
});

test('a laptop without a key keeps the file sealed, and knows who can read it', async () => {
  const app = await on(undefined);
  expect(app.files[1]).toMatchObject({ secret: 'sealed', content: new Uint8Array() });
  expect(app.encrypted).toMatchObject([{ path: 'db.yaml', groups: [[shopsKey.recipient]], threshold: 1 }]);
});

test('a laptop says where a value is not encrypted that should be', async () => {
  const text = (await sealed('password: weasel-17320508\nother: a\n')).replace(/other: .*/, 'other: badger-1');
  const said = await problemsOf(on(undefined, text));
  expect(said).toBe('db.yaml:2:8: this value is not encrypted, and the rule of this file asks for it');
});

test('a site without a key cannot run the app, and says what to do', async () => {
  const files = await filesOf(sealed());
  expect(await problemsOf(compile(TEXT, { files }))).toBe(
    'compose.yaml:8:15: db.yaml is encrypted, and there is no age key here (give the agent the key with --age-key-file; `holdfast keygen` makes one)',
  );
});

test('an app that copies the file of another one cannot read it, and the other app goes on', async () => {
  const secrets = secretsWith([], { a: [shopsKey], b: [otherKey] });
  const snapshot = memorySnapshot({
    'apps/a/compose.yaml': TEXT,
    'apps/a/conf.txt': 'plain',
    'apps/a/db.yaml': await sealed(),
    'apps/b/compose.yaml': TEXT.replace('./db.yaml', '../a/db.yaml'),
    'apps/b/conf.txt': 'plain',
  });
  const placed = {
    site: 'shop',
    revision: 'abc123',
    apps: ['a', 'b'].map((name) => placedApp({ name, folder: `apps/${name}`, compose: [`apps/${name}/compose.yaml`] })),
    broken: [],
    vanished: undefined,
    allowEmpty: false,
    pruneThreshold: 100,
    confirmPrune: [],
  };
  const { apps, broken } = await compileSite(placed, snapshot, { filesDir: '/files', secrets });
  expect(apps.map(({ name }) => name)).toEqual(['a']);
  expect(broken.map(({ name, problems }) => [name, problems[0]?.message])).toEqual([
    ['b', `apps/a/db.yaml is not encrypted for the key here, ${otherKey.recipient}`],
  ]);
});

test('an app with a key of its own does not use that of the site', async () => {
  const secrets = secretsWith([shopsKey], { app: [otherKey] });
  expect(await problemsOf(on(secrets))).toContain('db.yaml is not encrypted for the key here');
});

test('each of several keys is tried, as while one replaces the other', async () => {
  expect((await on(secretsWith([otherKey, shopsKey]))).files).toHaveLength(2);
});

const ENV = 'services:\n  web:\n    image: busybox\n    env_file: [one.env, two.env]\n    environment: { MODE: a }\n';
const withEnv = async (one: string | Promise<string>, options: Partial<CompileOptions>): Promise<DesiredApp> =>
  compile(ENV, { files: { 'one.env': await one, 'two.env': 'URL=db://x:${PASSWORD}@db\n' }, options });
const dotenv = (plain = 'PASSWORD=weasel-17320508\nMODE=b\n', dataKey = 1) =>
  sealed(plain, [shopsKey], 'one.env', Buffer.alloc(32, dataKey));
const firstOf = (app: DesiredApp) => app.services[0]?.containers[0] as DesiredContainer;

test('an encrypted env_file gives its variables, and digests cover what may hold them', async () => {
  const app = await withEnv(dotenv(), { secrets: secretsWith([shopsKey]) });
  const { spec, covered } = firstOf(app);
  expect(spec.Env).toEqual({ PASSWORD: 'weasel-17320508', MODE: 'a', URL: 'db://x:weasel-17320508@db' });
  expect(Object.keys(covered ?? {})).toEqual(['PASSWORD', 'URL']);
  const others = [
    await withEnv(dotenv(), { secrets: secretsWith([shopsKey], {}, Buffer.alloc(32, 9)) }),
    await withEnv(dotenv('PASSWORD=marten-22360679\nMODE=b\n'), { secrets: secretsWith([shopsKey]) }),
  ];
  for (const other of others) {
    expect(goalOf(firstOf(other))).not.toBe(goalOf(firstOf(app)));
    expect(changeDigest(other)).not.toBe(changeDigest(app));
  }
  const again = await withEnv(dotenv('PASSWORD=weasel-17320508\nMODE=b\n', 2), { secrets: secretsWith([shopsKey]) });
  expect(goalOf(firstOf(again))).toBe(goalOf(firstOf(app)));
  expect(changeDigest(again)).toBe(changeDigest(app));
});

test('YAML and JSON with names and values are an env_file when they are encrypted', async () => {
  const text = 'services:\n  web:\n    image: busybox\n    env_file: db.json\n';
  const files = { 'db.json': await sealed('{"PASSWORD": "weasel", "PORT": 5}', [shopsKey], 'db.json') };
  expect(firstOf(await compile(text, { files, options: { secrets: secretsWith([shopsKey]) } })).spec.Env).toEqual({
    PASSWORD: 'weasel',
    PORT: '5',
  });
});

test('a laptop without a key knows the names of an encrypted env_file, and tells encrypted values apart', async () => {
  const names = new Set<string>();
  const options = { placeholders: true, onPlaceholder: (name: string) => void names.add(name) };
  const sealedText = await dotenv();
  const env = firstOf(await withEnv(sealedText, options)).spec.Env;
  expect(env?.PASSWORD).toMatch(/^\{\{PASSWORD encrypted [0-9a-f]{12}\}\}$/);
  expect(firstOf(await withEnv(sealedText, options)).spec.Env).toEqual(env);
  expect(firstOf(await withEnv(dotenv('PASSWORD=other\n'), options)).spec.Env?.PASSWORD).not.toBe(env?.PASSWORD);
  expect([...names].map((name) => name.split(' ')[0])).toEqual(['PASSWORD', 'MODE', 'PASSWORD']);
});

test('no message shows a value of an encrypted env_file', async () => {
  const said = await problemsOf(
    compile(`${ENV}    mem_limit: nonsense-weasel-17320508\n`, {
      files: { 'one.env': await dotenv(), 'two.env': '' },
      options: { secrets: secretsWith([shopsKey]) },
    }),
  );
  expect(said).not.toContain('weasel');
});
