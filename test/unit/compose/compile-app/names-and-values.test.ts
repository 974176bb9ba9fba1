import { describe, expect, test } from '@jest/globals';
import { compile, problemsOf, serviceText, specOf } from '../support.ts';

describe('names', () => {
  test.each([
    ['the Application beats name:', { nameIsFixed: true, name: 'app' }, 'name: other\n', 'app'],
    ['a bare file is called by its name:', { nameIsFixed: false, name: 'repo' }, 'name: other\n', 'other'],
    ['variables are possible in them', { nameIsFixed: false, values: { V: 'x' } }, 'name: my-${V}\n', 'my-x'],
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

  test('a value that only sites know is a placeholder on a laptop', async () => {
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

  test('problems that follow from a variable without a value are not reported again', async () => {
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
  ])('an impossible setting is refused at its position: %j', async (env, problem) => {
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
