import { describe, expect, test } from '@jest/globals';
import { compileSite } from '../../../../src/compose/compile-site.ts';
import type { CompileOptions } from '../../../../src/compose/load/values/values.ts';
import { containerHash, specHash } from '../../../../src/container/labels/hash.ts';
import { placeSite } from '../../../../src/fleet/place-site.ts';
import { formatProblem, InputError } from '../../../../src/lib/errors.ts';
import type { DesiredContainer } from '../../../../src/model/state.ts';
import { goalOf } from '../../../../src/plan/facts/goals.ts';
import { generateIdentity, type Identity } from '../../../../src/secrets/crypt/identity.ts';
import { siteSecrets } from '../../../../src/secrets/site-secrets.ts';
import { sealedFile } from '../../../support/secrets/sealed-file.ts';
import { memorySnapshot } from '../../../support/values/memory-snapshot.ts';

const [KEY, OTHER] = [await generateIdentity(), await generateIdentity()];
const PLAIN = 'weasel-17320508';
const head = 'apiVersion: holdfast/v1\nkind: ';
const sealed = (name: string, plain: string, dataKey = 1, key = KEY) =>
  sealedFile(name, plain, { recipients: [key.recipient], dataKey: Buffer.alloc(32, dataKey) });
const fleet = (files: Record<string, string>, compose = 'environment: { A: "${A}" }') => ({
  'fleet.yaml': `${head}Fleet\n`,
  'sites/eu/shop.yaml': `${head}Site\n`,
  'apps/pos/app.yaml': `${head}Application\n`,
  'apps/pos/compose.yaml': `services:\n  web:\n    image: busybox\n    ${compose}\n`,
  ...files,
});
const spec = (kind: string, text: string): string => `${head}${kind}\nspec:\n  ${text}\n`;
const withKey = (
  keys: readonly Identity[] = [KEY],
  apps: Record<string, Identity[]> = {},
): Partial<CompileOptions> => ({
  secrets: siteSecrets({ site: keys, apps: new Map(Object.entries(apps)) }, Buffer.alloc(32, 7)),
});

async function compiled(files: Record<string, string>, options: Partial<CompileOptions> = {}) {
  const snapshot = memorySnapshot(files);
  const placed = await placeSite(snapshot, { site: 'eu/shop' });
  return compileSite(placed, snapshot, { filesDir: '/files', ...options });
}
async function container(files: Record<string, string>, options?: Partial<CompileOptions>): Promise<DesiredContainer> {
  const { apps, broken } = await compiled(files, options);
  expect(broken).toEqual([]);
  return apps[0]?.services[0]?.containers[0] as DesiredContainer;
}
const env = async (files: Record<string, string>, options?: Partial<CompileOptions>) =>
  (await container(files, options)).spec.Env;
async function refused(files: Record<string, string>, options?: Partial<CompileOptions>): Promise<string> {
  try {
    const { broken } = await compiled(files, options);
    return broken.flatMap(({ problems }) => problems.map(formatProblem)).join('\n');
  } catch (error) {
    if (error instanceof InputError) return error.problems.map(formatProblem).join('\n');
    throw error;
  }
}

describe('valuesFrom', () => {
  test('gives values from YAML, JSON and .env files, by paths from the document or from the root of the repo', async () => {
    const files = fleet(
      {
        'fleet.yaml': spec('Fleet', 'valuesFrom: values/all.yaml'),
        'values/all.yaml': 'A: 1.10\nB: true\nC: "two\\nlines"\n',
        'sites/eu/shop.yaml': spec('Site', 'valuesFrom: [shop.json, /values/eu.env]'),
        'sites/eu/shop.json': '{\n\t"D": "json",\n\t"E": 7\n}\n',
        'values/eu.env': '# a comment\nexport F="q ${G}"\nG=$$x\n'.replace('q ${G}', 'quoted'),
        'apps/pos/app.yaml': spec('Application', 'valuesFrom: [pos.yml]'),
        'apps/pos/pos.yml': 'H: from the app\n',
      },
      'environment: { A: "${A} ${B} ${C}", B: "${D} ${E}", C: "${F} ${G}", D: "${H}" }',
    );
    expect(await env(files)).toEqual({ A: '1.10 true two\nlines', B: 'json 7', C: 'quoted $x', D: 'from the app' });
  });

  test('the Site counts before the Application, which counts before the Fleet, and values in a document before its files', async () => {
    const layers: [string, string, string][] = [
      ['fleet.yaml', 'Fleet', 'valuesFrom: [/f1.yaml, /f2.yaml]'],
      ['fleet.yaml', 'Fleet', 'valuesFrom: [/f1.yaml, /f2.yaml]\n  values: { A: from Fleet }'],
      ['apps/pos/app.yaml', 'Application', 'valuesFrom: /app.yaml'],
      ['sites/eu/shop.yaml', 'Site', 'valuesFrom: /site.yaml'],
      ['sites/eu/shop.yaml', 'Site', 'valuesFrom: /site.yaml\n  values: { A: from Site }'],
    ];
    const files = fleet({
      'f1.yaml': 'A: f1\n',
      'f2.yaml': 'A: f2\n',
      'app.yaml': 'A: app\n',
      'site.yaml': 'A: site\n',
      'apps/pos/.env': 'A=.env\n',
    });
    const found = [(await env(files))?.A];
    let all: Record<string, string> = files;
    for (const [path, kind, text] of layers) {
      all = { ...all, [path]: spec(kind, text) };
      found.push((await env(all))?.A);
    }
    expect(found).toEqual(['.env', 'f2', 'from Fleet', 'app', 'site', 'from Site']);
    expect((await env(all, { localValues: { A: 'own' } }))?.A).toBe('own');
  });

  test.each([
    [
      'fleet.yaml',
      'Fleet',
      '/vales.yaml',
      'fleet.yaml:4:15: there is no file vales.yaml (did you mean `values.yaml`?)',
    ],
    [
      'apps/pos/app.yaml',
      'Application',
      'values.yaml',
      'apps/pos/app.yaml:4:15: there is no file apps/pos/values.yaml',
    ],
    [
      'sites/eu/shop.yaml',
      'Site',
      'more.yaml',
      'sites/eu/shop.yaml:4:15: sites/eu/more.yaml would be a Site, as each .yaml file below sites/ is (put the file elsewhere, as /values/NAME.yaml, or make it a .json or .env file)',
    ],
    [
      'fleet.yaml',
      'Fleet',
      '../x.yaml',
      'fleet.yaml:4:15: spec.valuesFrom must be the path of a .yaml, .yml, .json or .env file in the repo, not "../x.yaml"',
    ],
    [
      'fleet.yaml',
      'Fleet',
      'x.txt',
      'fleet.yaml:4:15: spec.valuesFrom must be the path of a .yaml, .yml, .json or .env file in the repo, not "x.txt"',
    ],
  ])('a path in %s that names no such file is refused with its place: %s %s', async (path, kind, written, said) => {
    const files = fleet({ 'values.yaml': 'A: 1\n', [path]: spec(kind, `valuesFrom: ${written}`) });
    expect(await refused(files)).toBe(said);
  });

  test.each([
    ['A: 1\nB:\n  C: 2\n', 'yaml', 'v.yaml:2:1: B is a mapping, and a value is one text'],
    ['A: [1]\n', 'yaml', 'v.yaml:1:1: A is a list, and a value is one text'],
    ['A:\n', 'yaml', 'v.yaml:1:1: A has no value (write "" for an empty text)'],
    ['- A\n', 'yaml', 'v.yaml:1:1: a file of valuesFrom is a mapping of names to values, not a list'],
    ['A: 1\n---\nB: 2\n', 'yaml', 'v.yaml:3:1: the file holds several YAML documents; one is expected'],
    ['{"A": "1",\n  "b-c": "2"}\n', 'json', 'v.json:2:1: "b-c" is not the name of a variable'],
    ['A=1\nHOLDFAST_SITE=x\n', 'env', 'v.env:2:1: "HOLDFAST_SITE" is not the name of a variable'],
    ['A=1\nB C=2\n', 'env', 'v.env:2:1: a line must be KEY=VALUE'],
    ['A=${TOKEN}\n', 'env', 'v.env:1:1: the value of A names a variable without a value'],
  ])('%j in .%s is refused with its place', async (text, ending, said) => {
    const files = fleet({ 'fleet.yaml': spec('Fleet', `valuesFrom: v.${ending}`), [`v.${ending}`]: text });
    expect(await refused(files, { localValues: { TOKEN: PLAIN } })).toContain(said);
  });
});

test('nobody may see a variable with a value that is not from Git either', async () => {
  const files = fleet({ 'apps/pos/.env': 'B=x${A}\n' }, 'environment: { A: "${A}", C: "${B}", D: "${D:-d}" }');
  const { hidden, covered } = await container(files, { localValues: { A: PLAIN } });
  expect([hidden, covered]).toEqual([['A', 'C'], undefined]);
});

describe('an encrypted file of valuesFrom', () => {
  const ofApp = (ending: string, text: string, compose?: string) =>
    fleet(
      {
        'apps/pos/app.yaml': spec('Application', `valuesFrom: secret.${ending}`),
        [`apps/pos/secret.${ending}`]: text,
      },
      compose,
    );

  test.each([
    ['yaml', `PASSWORD: ${PLAIN}\n`],
    ['json', `{"PASSWORD": "${PLAIN}"}`],
    ['env', `PASSWORD=${PLAIN}\n`],
  ])('in the format %s gives its values, and digests cover all that they are in', async (ending, plain) => {
    const compose = 'environment: ["URL=db://x:${PASSWORD}@db", PASSWORD, MODE=a]\n    env_file: [more.env]\n';
    const files = {
      ...ofApp(ending, await sealed(`secret.${ending}`, plain), compose),
      'apps/pos/more.env': 'COPY=x${PASSWORD}\nPLAIN=y\nOF_OWN=${URL}\n',
    };
    const made = await container(files, withKey());
    expect(made.spec.Env).toEqual({
      URL: `db://x:${PLAIN}@db`,
      PASSWORD: PLAIN,
      MODE: 'a',
      COPY: `x${PLAIN}`,
      PLAIN: 'y',
      OF_OWN: `db://x:${PLAIN}@db`,
    });
    expect(Object.keys(made.covered ?? {}).sort()).toEqual(['COPY', 'OF_OWN', 'PASSWORD', 'URL']);
    expect(made.hidden).toEqual(['COPY', 'OF_OWN', 'PASSWORD', 'URL']);
    expect(containerHash(made)).not.toBe(specHash(made.spec));
    const again = { ...files, [`apps/pos/secret.${ending}`]: await sealed(`secret.${ending}`, plain, 2) };
    expect(goalOf(await container(again, withKey()))).toBe(goalOf(made));
    const changed = await sealed(`secret.${ending}`, plain.replace(PLAIN, 'marten-1'));
    expect(goalOf(await container({ ...files, [`apps/pos/secret.${ending}`]: changed }, withKey()))).not.toBe(
      goalOf(made),
    );
  });

  test('stays closed on a laptop without a key: each value is a placeholder, and who can read it is known', async () => {
    const files = ofApp('yaml', await sealed('secret.yaml', `A: ${PLAIN}\n`));
    const { apps } = await compiled(files, { placeholders: true });
    expect(apps[0]?.services[0]?.containers[0]?.spec.Env?.A).toMatch(/^\{\{A encrypted [0-9a-f]{12}\}\}$/);
    expect(apps[0]?.encrypted).toMatchObject([{ path: 'apps/pos/secret.yaml', groups: [[KEY.recipient]] }]);
    expect(await refused(files)).toContain('apps/pos/secret.yaml is encrypted, and there is no age key here');
  });

  test.each([true, false])('with values that are no texts is refused (with a key: %s)', async (hasKey) => {
    const files = ofApp('yaml', await sealed('secret.yaml', `A:\n  B: ${PLAIN}\n`));
    const said = await refused(files, hasKey ? withKey() : { placeholders: true });
    expect(said).toBe('apps/pos/secret.yaml:1:1: A is a mapping, and a value is one text');
  });

  test('that the Fleet names is opened for each app by the keys of that app, and one of another app is not opened', async () => {
    const both = (text: string) =>
      fleet({
        'fleet.yaml': spec('Fleet', 'valuesFrom: all.env'),
        'all.env': text,
        'apps/other/app.yaml': `${head}Application\n`,
        'apps/other/compose.yaml': 'services: { web: { image: busybox } }\n',
      });
    const files = both(await sealed('all.env', `A=${PLAIN}\n`));
    const { apps, broken } = await compiled(files, withKey([OTHER], { pos: [KEY] }));
    expect(apps.map(({ name }) => name)).toEqual(['pos']);
    expect(broken.map(({ name, problems }) => [name, problems[0]?.message])).toEqual([
      ['other', `all.env is not encrypted for the key here, ${OTHER.recipient}`],
    ]);
  });

  test.each([
    ['image: busybox:${A}', 'services.web.image', 3],
    ['container_name: x${A}', 'services.web.container_name', 4],
    ['hostname: "${A}"', 'services.web.hostname', 4],
    ['labels: { x: "${A}" }', 'services.web.labels.x', 4],
    ['labels: ["x=${A}"]', 'services.web.labels', 4],
    ['command: ["run", "--token=${A}"]', 'services.web.command', 4],
    ['ports: ["${A}:80"]', 'services.web.ports', 4],
    ['volumes: ["/srv/${A}:/x"]', 'services.web.volumes', 4],
    ['working_dir: /${A}', 'services.web.working_dir', 4],
    ['env_file: ${A}.env', 'services.web.env_file', 4],
    ['devices: ["/dev/${A}"]', 'services.web.devices', 4],
    ['build: { context: "${A}" }', 'services.web.build.context', 4],
    ['extra_hosts: ["${A}:10.0.0.1"]', 'services.web.extra_hosts', 4],
    ['networks: ["n${A}"]', 'services.web.networks', 4],
    ['environment: ["${A}=x"]', 'services.web.environment', 4],
    ['environment: ["X${A}"]', 'services.web.environment', 4],
    ['post_start: [{ command: "${A}" }]', 'services.web.post_start.command', 4],
    ['healthcheck: { test: "${A}" }', 'services.web.healthcheck.test', 4],
    ['x-holdfast: { failedJob: leave }\nname: x${A}', 'name', 5],
    ['profiles: ["${A}"]', 'services.web.profiles', 4],
    ['user: "${NONE:-${A}}"', 'services.web.user', 4],
    ['secrets: [s]\nsecrets: { s: { content: "${A}" } }', 'secrets.s.content', 5],
    ['networks: [n]\nnetworks: { n: { name: "${A}" } }', 'networks.n.name', 5],
    [
      'volumes: ["vol:/v"]\nvolumes: { vol: { driver_opts: { device: "/${A}", o: bind, type: none } } }',
      'volumes.vol.driver_opts.device',
      5,
    ],
  ])('is refused in %j', async (keys, place, line) => {
    const image = keys.startsWith('image') ? '' : '    image: busybox\n';
    const text = `services:\n  web:\n${image}    ${keys}\n`;
    for (const options of [withKey(), { placeholders: true }]) {
      const files = ofApp('yaml', await sealed('secret.yaml', `A: ${PLAIN}\n`));
      const said = await refused({ ...files, 'apps/pos/compose.yaml': text }, options);
      expect(said).toMatch(
        new RegExp(`^apps/pos/compose\\.yaml:${line}:\\d+: A is encrypted in Git, and its decrypted value`),
      );
      expect(said).toContain(`would be in ${place}, where others can see it`);
      expect(said).not.toContain(PLAIN);
    }
  });

  test('is refused in what a variable of .env or of an included file passes on, in a home folder, and in an environment secret', async () => {
    const secret = await sealed('secret.yaml', `A: /${PLAIN}\nHOME: /${PLAIN}\n`);
    const cases: [compose: string, files: Record<string, string>][] = [
      ['hostname: "${B}"', { '.env': 'B=x${A}\n' }],
      ['volumes: ["~/x:/x"]', {}],
      ['secrets: [s]\nsecrets: { s: { environment: A } }', {}],
      [
        'secrets: [s]\ninclude: [inc/compose.yaml]',
        { 'inc/.env': 'B=x${A}\n', 'inc/compose.yaml': 'secrets: { s: { environment: B } }\n' },
      ],
      [
        'tty: true\ninclude: [inc/compose.yaml]',
        { 'inc/.env': 'B=x${A}\n', 'inc/compose.yaml': 'services: { i: { image: "x:${B}" } }\n' },
      ],
    ];
    for (const [compose, more] of cases) {
      const own = Object.fromEntries(Object.entries(more).map(([path, text]) => [`apps/pos/${path}`, text]));
      const said = await refused({ ...ofApp('yaml', secret, compose), ...own }, withKey());
      expect([compose, said]).toEqual([
        compose,
        expect.stringMatching(/ is encrypted in Git, and its decrypted value would be in /),
      ]);
      expect(said).not.toContain(PLAIN);
    }
  });

  test('may be asked for where it is not shown: its presence alone decides', async () => {
    const files = ofApp('yaml', await sealed('secret.yaml', `A: ${PLAIN}\n`), 'hostname: "${A:+there}"');
    expect((await container(files, withKey())).spec.Hostname).toBe('there');
  });

  test.each(['.env', 'inc/.env', 'labels'])(
    'no other file is decrypted, and an encrypted %s is refused',
    async (name) => {
      const compose = 'label_file: labels\ninclude: [inc/compose.yaml]';
      const plain = { '.env': '', 'inc/.env': '', labels: 'a=b\n', 'inc/compose.yaml': 'volumes: {}\n' };
      const own = { ...plain, [name]: await sealed('x.env', 'B=1\n') };
      const files = fleet(
        Object.fromEntries(Object.entries(own).map(([path, text]) => [`apps/pos/${path}`, text])),
        compose,
      );
      expect(await refused(files, withKey())).toContain(
        `apps/pos/${name}:1:1: apps/pos/${name} is encrypted, and such a file is not decrypted`,
      );
    },
  );
});
