import { expect, test } from '@jest/globals';
import { explainService } from '../../../src/explain/explain-service.ts';
import { explanationJson, explanationText } from '../../../src/explain/print.ts';
import { readPlaced } from '../../../src/explain/read-placed.ts';
import { placeSite } from '../../../src/fleet/place-site.ts';
import { plain } from '../../../src/lib/text/line.ts';
import { generateIdentity } from '../../../src/secrets/crypt/identity.ts';
import { siteSecrets } from '../../../src/secrets/site-secrets.ts';
import { sealedFile } from '../../support/secrets/sealed-file.ts';
import { memorySnapshot } from '../../support/values/memory-snapshot.ts';

const key = await generateIdentity();
const sealed = (name: string, text: string): Promise<string> => sealedFile(name, text, { recipients: [key.recipient] });
const head = 'apiVersion: holdfast/v1\nkind: ';
const files = {
  'fleet.yaml': `${head}Fleet\nspec:\n  valuesFrom: [all.yaml]\n  values: { LEVEL: warn }\n`,
  'all.yaml': 'LEVEL: debug\nNAME: plain\n',
  'sites/a.yaml': `${head}Site\n`,
  'apps/shop/app.yaml': `${head}Application\nspec:\n  valuesFrom: [secrets.yaml]\n`,
  'apps/shop/secrets.yaml': await sealed('secrets.yaml', 'MODE: weasel-1\nNAME: weasel-2\n'),
  'apps/shop/web.env': await sealed('web.env', 'ONLY=weasel-3\n'),
  'apps/shop/.env': 'DERIVED=x${MODE}\n',
  'apps/shop/conf.json': await sealed('conf.json', '{"a":"weasel-4"}'),
  'apps/shop/compose.yaml': `services:
  web:
    image: nginx
    env_file: web.env
    environment:
      A: \${MODE}
      B: \${NAME}
      C: \${DERIVED}
      D: \${LEVEL}
      MODE:
    configs: [conf]
    secrets: [db]
configs: { conf: { file: conf.json } }
secrets: { db: { content: hunter-plain } }
`,
};

const explainedAll = async (hasKey: boolean, subject = 'web') => {
  const snapshot = memorySnapshot(files);
  const placed = await placeSite(snapshot, { site: 'a' });
  const app = await readPlaced(placed, 'shop', snapshot, snapshot);
  const secrets = hasKey ? siteSecrets({ site: [key], apps: new Map() }, Buffer.alloc(32, 1)) : undefined;
  const options = { filesDir: '/files', ...(secrets ? { secrets } : { placeholders: true }) };
  const { explanation } = await explainService(app, subject, options);
  const lines = explanationText(explanation, plain, (text) => text).map(({ sent }) => sent);
  return { lines, json: explanationJson(explanation, (text) => text) };
};
const linesOf = async (subject: string) => (await explainedAll(false, subject)).lines.slice(2);
const COMPOSE = 'apps/shop/compose.yaml';

test('a value that SOPS encrypted is told by its file and line, with what it won against', async () => {
  expect(await linesOf('web.environment.B')).toEqual([
    'environment.B = (encrypted)',
    `  ${COMPOSE}:7:10  Compose file, written \${NAME}`,
    '    NAME = (encrypted)  apps/shop/secrets.yaml:2:1  valuesFrom of the Application',
    '      lost: plain  all.yaml:2:1  valuesFrom of the Fleet',
  ]);
  expect(await linesOf('web.environment.C')).toEqual([
    'environment.C = (encrypted)',
    `  ${COMPOSE}:8:10  Compose file, written \${DERIVED}`,
    '    DERIVED = (encrypted)  apps/shop/.env:1:1  .env',
  ]);
  expect(await linesOf('web.environment.MODE')).toEqual([
    'environment.MODE = (encrypted)',
    `  ${COMPOSE}:10:7  Compose file`,
    '    MODE = (encrypted)  apps/shop/secrets.yaml:1:1  valuesFrom of the Application',
  ]);
  expect(await linesOf('web.environment.ONLY')).toEqual([
    'environment.ONLY = (encrypted)',
    '  apps/shop/web.env:1:1  env_file',
  ]);
});

test('a plain file gives its value with its line, and loses against the document that names it', async () => {
  expect(await linesOf('web.environment.D')).toEqual([
    'environment.D = warn',
    `  ${COMPOSE}:9:10  Compose file, written \${LEVEL}`,
    '    LEVEL = warn  fleet.yaml:5:13  Fleet',
    '      lost: debug  all.yaml:1:1  valuesFrom of the Fleet',
  ]);
});

test('configs and secrets say from which file they are, and no content', async () => {
  expect(await linesOf('web.configs')).toEqual([
    'configs = conf',
    `  ${COMPOSE}:11:15  Compose file`,
    '',
    'configs.conf.file = conf.json (encrypted)',
    `  ${COMPOSE}:13:26  Compose file`,
  ]);
  expect(await linesOf('web.secrets')).toEqual([
    'secrets = db',
    `  ${COMPOSE}:12:15  Compose file`,
    '',
    'secrets.db.content = (not shown: the content of a file)',
    `  ${COMPOSE}:14:27  Compose file`,
  ]);
});

test.each([true, false])('no text and no data has a secret (with a key: %s)', async (hasKey) => {
  const { lines, json } = await explainedAll(hasKey);
  expect(lines.join('\n') + json).not.toMatch(/weasel|hunter/);
});
