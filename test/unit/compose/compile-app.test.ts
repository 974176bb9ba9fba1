import { describe, expect, test } from '@jest/globals';
import { compileApp } from '../../../src/compose/compile-app.ts';
import { placeSite } from '../../../src/fleet/place-site.ts';
import { recordSnapshot, replaySnapshot } from '../../../src/source/recording.ts';
import { compile, memorySnapshot, placedApp, problemsOf, serviceProblems, serviceText, specOf } from './support.ts';

const text = (content: Uint8Array | undefined) => new TextDecoder().decode(content);

describe('names', () => {
  test.each([
    ['the Application beats name:', { nameIsFixed: true, name: 'app' }, 'name: other\n', 'app'],
    ['a bare file is called by its name:', { nameIsFixed: false, name: 'repo' }, 'name: other\n', 'other'],
    ['which may hold variables', { nameIsFixed: false, values: { V: 'x' } }, 'name: my-${V}\n', 'my-x'],
    ['and is spelt as Compose spells it', { nameIsFixed: false }, 'name: My App_1\n', 'myapp_1'],
    ['else by the folder or repo', { nameIsFixed: false, name: 'My.Repo' }, '', 'myrepo'],
  ])('%s', async (_, app, line, name) => {
    const compiled = await compile(line + serviceText(''), { app });
    expect(compiled.name).toBe(name);
    expect(compiled.services[0]?.containers[0]?.name).toBe(`${name}-s-1`);
    expect(compiled.networks[0]?.spec.Name).toBe(`${name}_default`);
    expect(compiled.directory).toBe(`/files/${name}`);
  });

  test('a name of nothing is refused', async () => {
    expect(
      await problemsOf(compile(`name: "!!"\n${serviceText('')}`, { app: { nameIsFixed: false, name: '--' } })),
    ).toBe('compose.yaml:1:7: the app has no name: this text has no usable character (set name: in the Compose file)');
  });

  test('replicas are numbered from one, none are none', async () => {
    const names = async (keys: string) =>
      (await compile(serviceText(keys))).services[0]?.containers.map(({ name, number }) => `${number} ${name}`);
    expect(await names('deploy: {replicas: 3}')).toEqual(['1 app-s-1', '2 app-s-2', '3 app-s-3']);
    expect(await names('scale: 0')).toEqual([]);
  });

  test('each replica has its own name among its aliases', async () => {
    const { services } = await compile(serviceText('scale: 2'));
    expect(services[0]?.containers.map(({ spec }) => spec.Networks?.app_default?.Aliases)).toEqual([
      ['app-s-1', 's'],
      ['app-s-2', 's'],
    ]);
  });
});

test('x-holdfast of a service knows failedJob, and nothing else', async () => {
  const leaves = async (keys: string) => (await compile(serviceText(keys))).services[0]?.leavesFailed;
  expect(await leaves('x-holdfast: {failedJob: leave}')).toBe(true);
  expect(await leaves('x-holdfast: {failedJob: restart}')).toBeUndefined();
  expect(await problemsOf(compile(serviceText('x-holdfast: {failedjob: leave}')))).toContain('did you mean failedJob?');
  expect(await problemsOf(compile(`${serviceText('')}x-holdfast: {failedJob: leave}\n`))).toContain(
    'unknown key failedJob',
  );
});

test('container:NAME of a container of the app itself is service:NAME', async () => {
  const text = [
    'services:',
    '  vpn: {image: vpn, container_name: gate}',
    '  side: {image: s, network_mode: "container:gate", pid: "container:app-twin-2", ipc: "container:other", volumes_from: ["container:gate"]}',
    '  twin: {image: t, scale: 2}',
  ].join('\n');
  const { services } = await compile(text);
  const side = services.find(({ name }) => name === 'side')?.containers[0]?.spec;
  expect([side?.NetworkMode, side?.PidMode, side?.IpcMode, side?.VolumesFrom]).toEqual([
    'service:vpn',
    'container:app-twin-2',
    'container:other',
    ['service:vpn'],
  ]);
});

describe('where values come from', () => {
  const value = async (name: string, extras: Parameters<typeof specOf>[1]) =>
    (await specOf(`environment: {V: "\${${name}}"}`, extras)).Env?.V;
  const all = {
    app: { values: { A: 'git' } },
    files: { '.env': 'A=dotenv\nB=dotenv' },
    options: { localValues: { A: 'local' }, environment: { A: 'process', B: 'process' } },
  };

  test("the site's own file first, then Git, the environment, .env", async () => {
    expect(await value('A', all)).toBe('local');
    expect(await value('A', { ...all, options: { environment: { A: 'process' } } })).toBe('git');
    expect(await value('B', all)).toBe('process');
    expect(await value('B', { ...all, options: {} })).toBe('dotenv');
  });

  test('built-ins cannot be overridden', async () => {
    const extras = {
      app: { values: { HOLDFAST_SITE: 'x', HOLDFAST_APP: 'x' } },
      options: { localValues: { HOLDFAST_SITE: 'y' } },
    };
    expect(await value('HOLDFAST_SITE', extras)).toBe('shop');
    expect(await value('HOLDFAST_APP', extras)).toBe('app');
    expect(await value('COMPOSE_PROJECT_NAME', extras)).toBe('app');
  });

  test('what only sites know is a placeholder on a laptop', async () => {
    const extras = { app: { siteValues: ['NAME'] }, options: { placeholders: true } };
    expect(await value('NAME', extras)).toBe('{{NAME}}');
    expect(await value('NAME', { ...extras, app: { siteValues: ['NAME'], values: { NAME: 'x' } } })).toBe('x');
  });

  test('and a problem on a site that does not say it', async () => {
    const promise = compile(serviceText('hostname: $NAME\nenvironment: [NAME]'), { app: { siteValues: ['NAME'] } });
    const what =
      'the variable NAME has no value (each site has its own value: set it under values in sites/NAME.yaml, or in the file of --values on the site)';
    expect(await problemsOf(promise)).toBe(`compose.yaml:4:15: ${what}\ncompose.yaml:5:19: ${what}`);
  });

  test('a placeholder where a number or a path belongs leaves the place empty and says so', async () => {
    const keys = 'ports: ["$P:80"]\nmem_limit: $M\nvolumes: ["$D:/d"]';
    const app = await compile(serviceText(keys), {
      app: { siteValues: ['P', 'M', 'D'] },
      options: { placeholders: true },
    });
    expect(app.services[0]?.containers[0]?.spec).not.toHaveProperty('PortBindings');
    expect(app.warnings.map(({ message, at }) => `${at?.line}:${at?.column} ${message}`)).toEqual([
      '4:13 P is known only on the site, so this value stays empty here',
      '5:16 M is known only on the site, so this value stays empty here',
      '6:15 D is known only on the site, so this value stays empty here',
    ]);
  });

  test('so it is in the long forms', async () => {
    const keys =
      'ports: [{target: 80, published: $P}, {target: $P}]\nvolumes: [{type: bind, source: /a, target: $D}]\nenv_file: $D.env';
    const extras = { app: { siteValues: ['P', 'D'] }, options: { placeholders: true } };
    const app = await compile(serviceText(keys), extras);
    expect(app.services[0]?.containers[0]?.spec).toEqual({
      Image: 'busybox',
      Networks: { app_default: { Aliases: ['app-s-1', 's'] } },
    });
    expect(app.warnings.map(({ message }) => message.split(' ')[0]).join('')).toMatch(/^[PD]+$/);
  });

  test('what follows from a variable without value is not reported again', async () => {
    expect(
      (await problemsOf(compile(serviceText('ports: [{target: 80, published: $P}]\nmem_limit: $M')))).split('\n'),
    ).toHaveLength(2);
  });

  test('a variable without value in .env is refused there', async () => {
    expect(await problemsOf(compile(serviceText(''), { files: { '.env': 'A=1\nB=$NOPE\n' } }))).toBe(
      '.env:2:1: the value of B names a variable without a value (write $$ for a dollar sign, or use single quotes)',
    );
  });

  test('settings of docker compose in .env are refused in a fleet, as they do nothing on a site', async () => {
    expect(await problemsOf(compile(serviceText(''), { files: { '.env': 'A=1\nCOMPOSE_PROFILES=x\n' } }))).toBe(
      '.env:2:1: COMPOSE_PROFILES is a setting of docker compose, which does not run on a site (list the profiles under profiles in the Application)',
    );
  });

  const lone = (env: string, files: Record<string, string> = {}) => {
    const all = { '.env': env, 'compose.yaml': `name: written\n${serviceText('')}`, ...files };
    const compose = env.includes('COMPOSE_FILE') ? [] : ['compose.yaml'];
    return compile(all['compose.yaml'], { files: all, app: { name: 'repo', nameIsFixed: false, compose } });
  };

  test('beside a lone Compose file they mean what they mean to docker compose', async () => {
    const { name, services } = await lone('COMPOSE_PROJECT_NAME=shop\nCOMPOSE_PROFILES= a, b\n', {
      'compose.yaml':
        'name: written\nservices: {a: {image: x, profiles: [a]}, b: {image: x, profiles: [b]}, c: {image: x, profiles: [c]}}\n',
    });
    expect([name, ...services.map((service) => service.name)]).toEqual(['shop', 'a', 'b']);
  });

  test.each([
    ['A=1\nexport COMPOSE_PROJECT_NAME=Shop', '.env:2:1: COMPOSE_PROJECT_NAME cannot be the name of a Compose project'],
    ['COMPOSE_PROJECT_NAME=../../../elsewhere', '.env:1:1: COMPOSE_PROJECT_NAME cannot be'],
    ['A=1\nCOMPOSE_FILE=no.yaml', '.env:2:1: COMPOSE_FILE names no.yaml, which is not a file in the repo'],
    ['COMPOSE_FILE=compose.yaml:', '.env:1:1: COMPOSE_FILE names an empty path'],
    ['COMPOSE_FILE=/etc/compose.yaml', '.env:1:1: COMPOSE_FILE names a file that is not in Git'],
    ['COMPOSE_FILE=../compose.yaml', '.env:1:1: the path leads out of the config repo'],
  ])('what they cannot mean is refused at its place: %j', async (env, problem) => {
    expect(await problemsOf(lone(`${env}\n`))).toContain(problem);
  });

  test('files of variables lose to variables', async () => {
    const files = { 'a.env': 'A=file\nB=file\n', '.env': 'C=dot' };
    expect((await specOf('env_file: a.env\nenvironment: {A: own, C: }', { files })).Env).toEqual({
      A: 'own',
      B: 'file',
      C: 'dot',
    });
  });
});

describe('files of Git that services bind', () => {
  const files = { 'conf/a.txt': 'a', 'conf/sub/run.sh': { exec: 'b' }, 'other.txt': 'c' };

  test('lie below the app on the site, with mode and digest', async () => {
    const app = await compile(serviceText('volumes: ["./conf:/etc/conf:ro"]'), { files });
    expect(app.files.map(({ path, mode, content }) => [path, mode, text(content)])).toEqual([
      ['/files/app/conf/a.txt', 0o644, 'a'],
      ['/files/app/conf/sub/run.sh', 0o755, 'b'],
    ]);
    expect(app.files[0]?.digest).toBe('ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb');
  });

  test("a container's digest changes with the files it binds and with no others", async () => {
    const digest = async (changes: Record<string, string>) => {
      const app = await compile(serviceText('volumes: ["./conf:/c"]'), { files: { ...files, ...changes } });
      return app.services[0]?.containers[0]?.filesDigest;
    };
    const before = await digest({});
    expect(before).toMatch(/^[0-9a-f]{64}$/);
    expect(await digest({ 'other.txt': 'changed' })).toBe(before);
    expect(await digest({ 'conf/a.txt': 'changed' })).not.toBe(before);
    expect((await compile(serviceText(''))).services[0]?.containers[0]?.filesDigest).toBe('');
  });

  test('a path that Git does not have is left to the site', async () => {
    const app = await compile(serviceText('volumes: ["./data:/d"]'), { files });
    expect(app.files).toEqual([]);
    expect(app.services[0]?.containers[0]?.spec.Mounts).toEqual([
      { Type: 'bind', Source: '/files/app/data', Target: '/d' },
    ]);
  });

  test('are found in the folder of the Application, and projectDirectory says where they go', async () => {
    const snapshot = memorySnapshot({
      'apps/web/compose.yaml': serviceText('volumes: ["./f:/f"]'),
      'apps/web/f': 'x',
      f: 'no',
    });
    const app = placedApp({ folder: 'apps/web', compose: ['apps/web/compose.yaml'], projectDirectory: '/srv/web/' });
    const compiled = await compileApp(app, 'shop', snapshot, { filesDir: '/files' });
    expect(compiled.files.map(({ path, content }) => [path, text(content)])).toEqual([['/srv/web/f', 'x']]);
  });

  describe('of an app whose Compose file lies deeper', () => {
    const snapshot = memorySnapshot({
      'apps/web/deploy/compose.yaml': serviceText('volumes: ["./f:/f", "../common:/c"]\nhostname: ${WHO}'),
      'apps/web/deploy/f': 'deep',
      'apps/web/deploy/.env': 'WHO=deep',
      'apps/web/f': 'top',
      'apps/web/.env': 'WHO=top',
      'apps/web/common/x': 'x',
    });
    const app = placedApp({ folder: 'apps/web', compose: ['apps/web/deploy/compose.yaml'] });
    const filesOf = async (changes: Partial<typeof app>) => {
      const compiled = await compileApp({ ...app, ...changes }, 'shop', snapshot, { filesDir: '/files' });
      const [service] = compiled.services;
      return {
        directory: compiled.directory,
        who: service?.containers[0]?.spec.Hostname,
        sources: service?.containers[0]?.spec.Mounts?.map(({ Source }) => Source),
        files: compiled.files.map(({ path }) => path),
      };
    };

    test("resolve in that file's folder, with its .env", async () => {
      expect(await filesOf({})).toEqual({
        directory: '/files/app/deploy',
        who: 'deep',
        sources: ['/files/app/common', '/files/app/deploy/f'],
        files: ['/files/app/common/x', '/files/app/deploy/f'],
      });
    });

    test("of what lies outside of the app's folder in Git, the app has a copy", async () => {
      expect(await filesOf({ folder: 'apps/web/deploy' })).toMatchObject({
        sources: ['/files/app/.repo/apps/web/common', '/files/app/f'],
        files: ['/files/app/.repo/apps/web/common/x', '/files/app/f'],
      });
    });

    test('lie around a project directory elsewhere on the site as they do in the repo', async () => {
      expect(await filesOf({ projectDirectory: '/srv/web' })).toMatchObject({
        directory: '/srv/web',
        sources: ['/srv/common', '/srv/web/f'],
        files: ['/srv/common/x', '/srv/web/f'],
      });
      const adopted = { adopt: true, adoptedDirectory: '/srv/stack/deploy' };
      expect(await filesOf(adopted)).toMatchObject({ sources: ['/srv/stack/common', '/srv/stack/deploy/f'] });
    });
  });

  test.each([
    ['./link:/l', 'compose.yaml:4:15: link is a symbolic link, and Holdfast follows no links'],
    ['./dir:/l', 'compose.yaml:4:15: dir/link is a symbolic link, and Holdfast follows no links'],
    ['./link/x:/l', 'compose.yaml:4:15: link is a symbolic link, and Holdfast follows no links'],
  ])('links are refused: %s', async (mount, problem) => {
    const linked = { link: { link: '/etc/passwd' }, 'dir/link': { link: 'x' } };
    expect(await problemsOf(compile(serviceText(`volumes: ["${mount}"]`), { files: linked }))).toBe(problem);
  });

  test('large ones are refused', async () => {
    const large = (bytes: number, options = {}) =>
      compile(serviceText('volumes: ["./big:/b"]'), { files: { big: new Uint8Array(bytes) }, options });
    const hint = '(put the file on each site and write its absolute path, or raise --max-file-bytes there)';
    expect((await large(32 * 1024 * 1024)).files).toHaveLength(1);
    expect(await problemsOf(large(32 * 1024 * 1024 + 1))).toBe(
      `compose.yaml:4:15: big is larger than 32 MiB, the limit for one file ${hint}`,
    );
    expect(await problemsOf(large(1025, { maxFileBytes: 1024 }))).toMatch(/big is larger than 1024 bytes/);
  });

  const pointer = `version https://git-lfs.github.com/spec/v1\noid sha256:${'0'.repeat(64)}\nsize 1\n`;
  const whatToDo =
    'a site gets no more of it than its pointer (commit the file itself (git lfs untrack, then git add --renormalize), or lay it on each site and write its absolute path)';

  test.each([
    ['volumes: ["./f:/f"]', 'compose.yaml:4:15'],
    ['volumes: ["./d:/f"]', 'compose.yaml:4:15', 'd/f'],
    ['env_file: f', 'compose.yaml:4:15'],
    ['label_file: f', 'compose.yaml:4:17'],
    ['security_opt: ["seccomp=f"]', 'compose.yaml:4:5'],
    ['extends: {file: f, service: s}', 'compose.yaml:4:21'],
    ['configs: [c]', 'compose.yaml:7:11', 'f', 'configs:\n  c:\n    file: ./f\n'],
    ['secrets: [c]', 'compose.yaml:7:11', 'f', 'secrets:\n  c:\n    file: ./f\n'],
  ])('a pointer of Git LFS is refused where it is named: %s', async (keys, place, file = 'f', more = '') => {
    const found = await serviceProblems(keys, { files: { [file]: pointer }, more });
    expect(found).toContain(`${file} is kept by Git LFS, and ${whatToDo}`);
    expect(found.split(': ')[0]).toBe(place);
  });

  test('what git-crypt encrypted is refused, too', async () => {
    expect(
      await serviceProblems('volumes: ["./f:/f"]', { files: { f: Buffer.from('\0GITCRYPT\0\xff', 'latin1') } }),
    ).toBe(
      'compose.yaml:4:15: f is encrypted by git-crypt, and a site has no key of it (lay it on each site and write its absolute path, or give its values in the file of --values)',
    );
  });

  test('what is recorded of a lone app holds all that its .env names', async () => {
    const files = {
      '.env': 'COMPOSE_FILE=deploy/a.yml\nCOMPOSE_PROJECT_NAME=shop\n',
      'deploy/.env': 'TAG=1\n',
      'deploy/a.yml': 'services: {s: {image: "x:${TAG}"}}\n',
    };
    const { apps } = await placeSite(memorySnapshot(files), {});
    const [app] = apps;
    if (!app) throw new Error('no app');
    const recording = recordSnapshot(memorySnapshot(files));
    const first = await compileApp(app, 'shop', recording.snapshot, { filesDir: '/files' });
    const { origin, revision } = recording.snapshot;
    const again = replaySnapshot(revision, origin, recording.recorded());
    expect(await compileApp(app, 'shop', again, { filesDir: '/files' })).toEqual(first);
    expect([first.name, first.services[0]?.containers[0]?.spec.Image]).toEqual(['shop', 'x:1']);
  });

  test.each([
    ['env_file: f', 'f'],
    ['label_file: f', 'f'],
    ['extends: {file: f, service: s}', 'f'],
    ['', '.env'],
  ])('a byte that is no UTF-8 is refused at its place: %s in %s', async (keys, file) => {
    const content = Buffer.concat([Buffer.from('A: x\nä: ü'), Buffer.from([0xe9]), Buffer.from('\n')]);
    expect(await serviceProblems(keys, { files: { [file]: content } })).toBe(
      `${file}:2:5: the file is not UTF-8 text from here on (save it as UTF-8)`,
    );
  });

  test('a seccomp profile is read for the engine', async () => {
    const spec = await specOf('security_opt: ["seccomp=./s.json"]', { files: { 's.json': '{ "a": [1] }\n' } });
    expect(spec.SecurityOpt).toEqual(['seccomp={"a":[1]}']);
  });
});

describe('configs and secrets', () => {
  const more =
    'configs: {c: {content: "hello ${HOLDFAST_SITE}"}, f: {file: ./f.txt}}\nsecrets: {k: {environment: KEY}}\n';
  const extras = { more, files: { 'f.txt': 'f' }, options: { localValues: { KEY: 'hunter2' } } };

  test('with content are put into the container', async () => {
    const spec = await specOf(
      'configs: [c]\nsecrets: [{source: k, target: key, uid: "5", gid: "6", mode: 0400}]',
      extras,
    );
    expect(spec.Files?.map((file) => ({ ...file, content: text(file.content) }))).toEqual([
      { path: '/c', content: 'hello shop', mode: 0o444, uid: 0, gid: 0 },
      { path: '/run/secrets/key', content: 'hunter2', mode: 0o400, uid: 5, gid: 6 },
    ]);
  });

  test('with a file are bound, read-only', async () => {
    const app = await compile(`${serviceText('configs: [{source: f, target: /etc/f}]')}${more}`, extras);
    expect(app.services[0]?.containers[0]?.spec.Mounts).toEqual([
      { Type: 'bind', Source: '/files/app/f.txt', Target: '/etc/f', ReadOnly: true, MustExist: true },
    ]);
    expect(app.files.map(({ path }) => path)).toEqual(['/files/app/f.txt']);
  });

  test.each([
    [
      'configs: [c]\nread_only: true',
      more,
      '4:15: a read-only service cannot have the config c, because it has no file (use file)',
    ],
    ['secrets: [k]\ntmpfs: /run', more, '4:15: the tmpfs at /run would hide the secret k'],
    ['', 'configs: {c: {}}', '4:11: c needs one of file, content and environment'],
    ['', 'configs: {c: {file: a, content: b}}', '4:11: c needs one of file, content and environment'],
    [
      'configs: [c]',
      'configs: {c: {content: ""}}',
      '5:11: the content of the config c is empty; Docker Compose would create no file',
    ],
    [
      '',
      'secrets: {k: {external: true}}',
      '4:15: external is not supported: it is for Swarm; only Swarm stores such objects in the engine',
    ],
  ])('%s %s', async (keys, top, problem) => {
    const file = keys === '' ? 'services:\n  s:\n    image: busybox\n' : serviceText(keys);
    expect(await problemsOf(compile(`${file}${top}`, { ...extras }))).toBe(`compose.yaml:${problem}`);
  });
});

describe('dependencies and profiles', () => {
  const app = `services:
  a: {image: x, depends_on: {b: {condition: service_healthy}, c: {condition: service_completed_successfully, restart: true}}}
  b: {image: x, network_mode: "service:c"}
  c: {image: x}
  d: {image: x, profiles: [debug], depends_on: [a]}
  e: {image: x, depends_on: {d: {condition: service_started, required: false}}}
`;
  test('sharing a namespace is a dependency', async () => {
    const { services } = await compile(app);
    expect(services.map(({ name, dependsOn }) => [name, dependsOn])).toEqual([
      [
        'a',
        [
          { service: 'b', condition: 'healthy', required: true, restart: false },
          { service: 'c', condition: 'completed', required: true, restart: true },
        ],
      ],
      ['b', [{ service: 'c', condition: 'started', required: true, restart: true }]],
      ['c', []],
      ['e', []],
    ]);
  });

  test.each([
    [['debug'], 'abcde'],
    [['*'], 'abcde'],
    [['other'], 'abce'],
  ])('profiles %j run %s', async (profiles, names) => {
    expect((await compile(app, { app: { profiles } })).services.map(({ name }) => name).join('')).toBe(names);
  });

  test.each([
    [
      'services: {a: {image: x, depends_on: [b]}, b: {image: x, profiles: [p]}}',
      '1:39: the service a depends on b, whose profiles are off (add the profile under profiles in the Application, or set required: false)',
    ],
    [
      'services: {a: {image: x, depends_on: {b: {condition: service_healthy}}}, b: {image: x, healthcheck: {disable: true}}}',
      '1:39: b can never become healthy, because its healthcheck is disabled',
    ],
    [
      'services: {a: {image: x, depends_on: [b]}, b: {image: x, pid: "service:a"}}',
      '1:63: services depend on each other in a circle: a -> b -> a',
    ],
  ])('%s', async (compose, problem) => {
    expect(await problemsOf(compile(compose))).toBe(`compose.yaml:${problem}`);
  });
});

describe('networks and volumes', () => {
  test('in full', async () => {
    const app = await compile(`services:
  s: {image: x, networks: [a, b], volumes: ["data:/d", "out:/o"]}
networks:
  a: {driver: bridge, driver_opts: {x: 1}, internal: true, attachable: yes, enable_ipv6: true, labels: [l=1], ipam: {driver: default, config: [{subnet: 10.0.0.0/24, ip_range: 10.0.0.0/25, gateway: 10.0.0.1, aux_addresses: {h: 10.0.0.2}}]}}
  b: {external: true, name: outside}
  unused: {}
volumes:
  data: {driver: local, driver_opts: {type: none, o: bind, device: ./store}, labels: {k: v}}
  out: {external: {name: theirs}}
  unused:
`);
    expect(app.networks).toEqual([
      {
        key: 'a',
        external: false,
        spec: {
          Name: 'app_a',
          Driver: 'bridge',
          DriverOpts: { x: '1' },
          Internal: true,
          Attachable: true,
          EnableIPv6: true,
          IPAM: {
            Driver: 'default',
            Config: [
              {
                Subnet: '10.0.0.0/24',
                IPRange: '10.0.0.0/25',
                Gateway: '10.0.0.1',
                AuxiliaryAddresses: { h: '10.0.0.2' },
              },
            ],
          },
          Labels: { l: '1' },
        },
      },
      { key: 'b', external: true, spec: { Name: 'outside' } },
    ]);
    expect(app.volumes).toEqual([
      {
        key: 'data',
        external: false,
        spec: {
          Name: 'app_data',
          Driver: 'local',
          DriverOpts: { type: 'none', o: 'bind', device: '/files/app/store' },
          Labels: { k: 'v' },
        },
      },
      { key: 'out', external: true, spec: { Name: 'theirs' } },
    ]);
  });

  test('a volume that is external is not described', async () => {
    const compose = 'services: {s: {image: x, volumes: ["vol:/v"]}}\nvolumes: {vol: {external: true, driver: local}}';
    expect(await problemsOf(compile(compose))).toBe('compose.yaml:2:33: vol is external, so driver cannot be set here');
  });
});

describe('several Compose files', () => {
  const layered = (over: string, base = serviceText('environment: {A: 1}\nports: ["80:80"]')) => {
    const snapshot = memorySnapshot({ 'compose.yaml': base, 'over.yaml': over });
    return compileApp(placedApp({ compose: ['compose.yaml', 'over.yaml'] }), 'shop', snapshot, { filesDir: '/files' });
  };

  test('problems name the file that holds them', async () => {
    expect(await problemsOf(layered('services:\n  s:\n    ports: [x]\n    imgae: y'))).toBe(
      [
        'over.yaml:3:13: "x" is not a port mapping (write it as 8080:80, 127.0.0.1:8080:80/udp or 8000-8002:9000-9002)',
        'over.yaml:4:5: unknown key imgae in a service (did you mean image?)',
      ].join('\n'),
    );
  });

  test('what does not fit names both places', async () => {
    expect(await problemsOf(layered('services: {s: {ports: {a: b}}}'))).toBe(
      'over.yaml:1:23: ports is a mapping here but a list at compose.yaml:5:12 (write both the same way, or replace it with !override)',
    );
  });

  test('a file in which everything is commented out adds nothing', async () => {
    expect(await layered('# nothing yet\n')).toEqual(await layered('services: {}'));
  });

  test('a missing, an empty and a broken one are told apart', async () => {
    const snapshot = memorySnapshot({ 'a.yaml': '---', 'b.yaml': 'a: [', 'c.yaml': '- x' });
    const app = placedApp({ compose: ['none.yaml', 'a.yaml', 'b.yaml', 'c.yaml'] });
    expect(await problemsOf(compileApp(app, 'shop', snapshot, { filesDir: '/files' }))).toBe(
      [
        'none.yaml:1:1: there is no file none.yaml',
        'a.yaml:1:1: the Compose file is empty',
        'b.yaml:1:5: this is not valid YAML: unexpected end of the stream within a flow collection',
        'c.yaml:1:1: a Compose file must be a mapping, not a list',
      ].join('\n'),
    );
  });
});

describe('the top level', () => {
  test.each([
    ['include: [x.yaml]', '1:11: there is no file x.yaml'],
    ['', '1:1: the Compose file is empty'],
    ['servces: {}', '1:1: unknown key servces in the Compose file (did you mean services?)'],
    ['services: {}', '1:1: the Compose file has no services'],
    ['services: {a b: {image: x}}', '1:12: "a b" is not a name (use only letters, digits, `.`, `_` and `-`)'],
    ['services: {a: {command: x}}', '1:12: the service a names no image'],
  ])('%s', async (compose, problem) => {
    const sorted = (await problemsOf(compile(compose))).split('\n').sort();
    expect(sorted).toEqual(`compose.yaml:${problem}`.split('\n').sort());
  });

  test('version is obsolete, x- is free', async () => {
    const app = await compile(`version: "3.8"\nx-any: {a: $NOPE}\n${serviceText('')}`);
    expect(app.warnings).toEqual([
      {
        message: 'version is obsolete and has no effect',
        at: { file: 'compose.yaml', line: 1, column: 1 },
        hint: 'remove it',
        app: 'app',
      },
    ]);
  });
});
