import { expect, test } from '@jest/globals';
import { explainService } from '../../../src/explain/explain-service.ts';
import { explanationText } from '../../../src/explain/print.ts';
import { readPlaced } from '../../../src/explain/read-placed.ts';
import { placeSite } from '../../../src/fleet/place-site.ts';
import { plain } from '../../../src/lib/text/line.ts';
import { memorySnapshot } from '../../support/values/memory-snapshot.ts';

const head = 'apiVersion: holdfast/v1\nkind: ';
const files = {
  'fleet.yaml': `${head}Fleet\nspec:\n  siteValues: [SECRET_PATH, PLACE]\n  values:\n    LEVEL: warn\n    TAG: "1"\n  defaults:\n    memory: 32m\n    logging: { driver: json-file, options: { max-file: 2 } }\n`,
  'sites/a.yaml': `${head}Site\nmetadata:\n  labels: { size: large }\nspec:\n  values:\n    LEVEL: debug\n`,
  'apps/shop/app.yaml': `${head}Application\nspec:\n  overlays:\n    - selector: { matchLabels: { size: large } }\n      compose: large.yaml\n`,
  'apps/shop/.env': 'PORT=80\nexport COPY=x${LOCAL:-}\n',
  'apps/shop/more.env': 'LEVEL=from-file\nFILE_ONLY=yes\n',
  'apps/shop/compose.yaml': `include: [included/extra.yaml]
services:
  web.front:
    extends: { file: base.yaml, service: base }
    image: nginx:\${TAG}
    env_file: more.env
    environment:
      LEVEL: \${LEVEL}
      LOCAL: \${LOCAL:-none}
      COPY: \${COPY}
      PASSWORD: abc123
      BARE:
      MODE: \${MODE:-slow}
      WHERE: \${PLACE}
    ports: ["\${PORT}:80"]
    volumes: ["a:/data", "b:/other"]
    mem_limit: 64m
    logging: { driver: json-file, options: { max-size: 1m } }
volumes: { a: {}, b: {}, c: {} }
`,
  'apps/shop/base.yaml': `services:
  base:
    extends: root
    image: busybox
    user: "1"
  root:
    image: scratch
    user: "0"
    tty: true
`,
  'apps/shop/large.yaml': `services:
  web.front:
    environment: [LEVEL=loud]
    ports: !reset []
    volumes: ["c:/data"]
    mem_limit: 256m
    logging: { driver: local }
`,
  'apps/shop/included/extra.yaml': 'services:\n  extra:\n    image: extra:${INNER}\n',
  'apps/shop/included/.env': 'INNER=7\n',
};

const explained = (subject: string, localValues: Record<string, string> = {}): Promise<string[]> =>
  explainedIn(files, subject, localValues);

async function explainedIn(
  repo: Record<string, string>,
  subject: string,
  localValues: Record<string, string> = {},
): Promise<string[]> {
  const snapshot = memorySnapshot(repo);
  const placed = await placeSite(snapshot, { site: 'a' });
  const found = await readPlaced(placed, 'shop', snapshot, snapshot);
  const options = { filesDir: '/files', placeholders: true, localValues };
  const { explanation } = await explainService(found, subject, options);
  return explanationText(explanation, plain, (text) => text)
    .map(({ sent }) => sent)
    .slice(2);
}

const COMPOSE = 'apps/shop/compose.yaml';

test('an overlay wins over the Compose file, its .env over nothing, and an env_file over neither', async () => {
  expect(await explained('web.front.environment.LEVEL')).toEqual([
    'environment.LEVEL = loud',
    '  apps/shop/large.yaml:3:19  overlay',
    '  lost: debug',
    `    ${COMPOSE}:8:7  Compose file, written LEVEL=\${LEVEL}`.replace('LEVEL=$', '$'),
    '      LEVEL = debug  sites/a.yaml:7:5  Site',
    '        lost: warn  fleet.yaml:6:5  Fleet',
    '  lost: from-file',
    '    apps/shop/more.env:1:1  env_file',
  ]);
  expect(await explained('web.front.environment.FILE_ONLY')).toEqual([
    'environment.FILE_ONLY = yes',
    '  apps/shop/more.env:2:1  env_file',
  ]);
});

test('the names of the plan and of Compose mean the same field', async () => {
  const lines = [
    'mem_limit = 256m',
    '  apps/shop/large.yaml:6:16  overlay',
    '  lost: 64m',
    `    ${COMPOSE}:17:16  Compose file`,
    '  lost: 32m',
    '    fleet.yaml:9:5  Fleet defaults',
  ];
  expect(await explained('web.front.memory')).toEqual(lines);
  expect(await explained('web.front.mem_limit')).toEqual(lines);
});

test('a value that was extended says the service and the whole chain', async () => {
  expect(await explained('web.front.image')).toEqual([
    'image = nginx:1',
    `  ${COMPOSE}:5:12  Compose file, written nginx:\${TAG}`,
    '    TAG = 1  fleet.yaml:7:5  Fleet',
    '  lost: busybox',
    '    apps/shop/base.yaml:4:12  extends base',
    '  lost: scratch',
    '    apps/shop/base.yaml:7:12  extends root',
  ]);
  expect(await explained('web.front.tty')).toEqual(['tty = true', '  apps/shop/base.yaml:9:10  extends root']);
});

test('a value that was reset names the tag that removed it', async () => {
  expect(await explained('web.front.ports')).toEqual([
    'ports = (the engine default)',
    '  no file says anything of it',
    '  lost: 80:80',
    `    ${COMPOSE}:15:13  Compose file, written \${PORT}:80`,
    '    removed at apps/shop/large.yaml:4:19',
    '      PORT = 80  apps/shop/.env:1:1  .env',
  ]);
});

test('the later of two mounts at one path counts, and the later of two logging drivers has all options', async () => {
  expect(await explained('web.front.volumes')).toEqual([
    'volumes = c:/data',
    '  apps/shop/large.yaml:5:15  overlay',
    '  lost: a:/data',
    `    ${COMPOSE}:16:15  Compose file`,
    '',
    'volumes = b:/other',
    `  ${COMPOSE}:16:26  Compose file`,
  ]);
  expect(await explained('web.front.logging')).toEqual([
    'logging.driver = local',
    '  apps/shop/large.yaml:7:24  overlay',
    '  lost: json-file',
    `    ${COMPOSE}:18:24  Compose file`,
    '  lost: json-file',
    '    fleet.yaml:10:16  Fleet defaults',
    '',
    'logging.options.max-size = (the engine default)',
    '  no file says anything of it',
    '  lost: 1m',
    `    ${COMPOSE}:18:56  Compose file`,
    '',
    'logging.options.max-file = (the engine default)',
    '  no file says anything of it',
    '  lost: 2',
    '    fleet.yaml:10:46  Fleet defaults',
  ]);
});

test('a value that is not from Git is not shown, not through a .env either; nor is a password', async () => {
  const local = { LOCAL: 'hunter2', LEVEL: 'hunter3', BARE: 'hunter4' };
  for (const name of ['LOCAL', 'COPY', 'BARE'])
    expect((await explained(`web.front.environment.${name}`, local))[0]).toBe(
      `environment.${name} = (not shown: a part of it is not from Git)`,
    );
  const all = (await explained('web.front', local)).join('\n');
  expect(all).not.toContain('hunter');
  expect(all).not.toContain('abc123');
  expect(all).toContain("LEVEL = (not shown)  the site's own --values");
  expect(all).toContain('lost: debug  sites/a.yaml:7:5  Site');
});

test('a default of the text, a name without a value, and a value that only sites know are told as such', async () => {
  expect(await explained('web.front.environment.MODE')).toEqual([
    'environment.MODE = slow',
    `  ${COMPOSE}:13:7  Compose file, written \${MODE:-slow}`,
    '    MODE has no value',
  ]);
  expect(await explained('web.front.environment.BARE')).toEqual([
    'environment.BARE = (no value)',
    `  ${COMPOSE}:12:7  Compose file`,
    '    BARE has no value',
  ]);
  expect(await explained('web.front.environment.WHERE')).toContain('    PLACE = (not shown)  known only on the site');
});

test('an included file has its own .env', async () => {
  expect(await explained('extra.image')).toEqual([
    'image = extra:7',
    '  apps/shop/included/extra.yaml:3:12  include, written extra:${INNER}',
    '    INNER = 7  apps/shop/included/.env:1:1  .env',
  ]);
});

test('a field that no file has is the default of the image or the engine; an unknown one is refused with a hint', async () => {
  expect(await explained('extra.working_dir')).toEqual([
    "working_dir = (the image's value)",
    '  no file says anything of it',
  ]);
  expect(await explained('extra.cpu_shares')).toContain('cpu_shares = (the engine default)');
  await expect(explained('extra.mem_limt')).rejects.toThrow(
    '"mem_limt" is no field of a service (did you mean mem_limit?)',
  );
  await expect(explained('web.font')).rejects.toThrow('shop has no service web');
});

test('a default of the Fleet lies under all other layers, with its place in fleet.yaml', async () => {
  expect((await explained('web.front.memory')).slice(-2)).toEqual([
    '  lost: 32m',
    '    fleet.yaml:9:5  Fleet defaults',
  ]);
  expect(await explained('extra.logging')).toEqual([
    'logging.driver = json-file',
    '  fleet.yaml:10:16  Fleet defaults',
    '',
    'logging.options.max-file = 2',
    '  fleet.yaml:10:46  Fleet defaults',
  ]);
});

test('a password in Git is not shown: not as a value, in a text, as a default, in a command, or as the value of a variable', async () => {
  const secretive = {
    ...files,
    'fleet.yaml': `${head}Fleet\nspec:\n  values: { DB_PASSWORD: hunter2, HOST: db }\n`,
    'sites/a.yaml': `${head}Site\n`,
    'apps/shop/app.yaml': `${head}Application\n`,
    'apps/shop/.env': 'API_TOKEN=hunter3\n',
    'apps/shop/compose.yaml': `services:
  web:
    image: nginx
    command: ["serve", "--token", "hunter4", "--password=hunter5"]
    environment:
      URL: postgres://shop:hunter6@\${HOST}/shop
      FIRST: \${DB_PASSWORD}
      SECOND: \${API_TOKEN}
      THIRD: \${NO_PASSWORD:-hunter7}
      MY_SECRET: \${HOST}-hunter8
      SHOWN: \${HOST}
`,
  };
  const all = (await explainedIn(secretive, 'web')).join('\n');
  expect(all).not.toContain('hunter');
  expect(all).toContain('environment.SHOWN = db');
  expect(all).toContain('DB_PASSWORD = (not shown)  fleet.yaml:4:13  Fleet');
});
