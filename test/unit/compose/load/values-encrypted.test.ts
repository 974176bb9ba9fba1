import { describe, expect, test } from '@jest/globals';
import { containerHash, specHash } from '../../../../src/container/labels/hash.ts';
import { goalOf } from '../../../../src/plan/facts/goals.ts';

import { compiled, container, fleet, head, KEY, OTHER, PLAIN, refused, sealed, spec, withKey } from './values-fleet.ts';

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
