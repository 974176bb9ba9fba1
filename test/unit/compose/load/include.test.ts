import { describe, expect, test } from '@jest/globals';
import { compile, type Extras, problemsOf } from '../support.ts';

const lines = (...all: string[]): string => `${all.join('\n')}\n`;
const service = 'services: {s: {image: a}}';

async function environmentOf(name: string, text: string, extras: Extras): Promise<unknown> {
  const app = await compile(text, extras);
  return app.services.find((each) => each.name === name)?.containers[0]?.spec.Env;
}

describe('include', () => {
  test('brings in services, networks, volumes, configs and secrets', async () => {
    const app = await compile(
      lines('include: [b/compose.yaml]', 'services: {s: {image: a, networks: [n], depends_on: [t]}}'),
      {
        files: {
          'b/compose.yaml': lines(
            'services: {t: {image: b, volumes: ["data:/v"], configs: [c]}}',
            'networks: {n: }',
            'volumes: {data: }',
            'configs: {c: {content: x}}',
          ),
        },
      },
    );
    expect(app.services.map((each) => each.name)).toEqual(['s', 't']);
    expect(app.volumes.map((volume) => volume.spec.Name)).toEqual(['app_data']);
  });

  test('an included file has a directory and a .env of its own, which gives only what is not known', async () => {
    const extras: Extras = {
      files: {
        '.env': 'OUTER=outer\n',
        'b/compose.yaml': lines(
          'services: {t: {image: b, env_file: t.env, environment: [OUTER, INNER, "BOTH=$OUTER-$INNER"]}}',
        ),
        'b/.env': 'OUTER=inner\nINNER=inner\n',
        'b/t.env': 'FILE=1\n',
      },
    };
    expect(await environmentOf('t', lines('include: [b/compose.yaml]', service), extras)).toEqual({
      FILE: '1',
      OUTER: 'outer',
      INNER: 'inner',
      BOTH: 'outer-inner',
    });
  });

  test('the long form names several files, a project directory and environment files', async () => {
    const extras: Extras = {
      files: {
        'b/one.yaml': 'services: {t: {image: b, env_file: t.env, environment: {A: "$X", B: "1"}}}',
        'b/two.yaml': 'services: {t: {environment: {B: "$Y"}}}',
        'c/t.env': 'FILE=c\n',
        'x.env': 'X=x\n',
        'y.env': 'Y=$X-y\n',
      },
    };
    const include = 'include: [{path: [b/one.yaml, b/two.yaml], project_directory: c, env_file: [x.env, y.env]}]';
    expect(await environmentOf('t', lines(include, service), extras)).toEqual({ FILE: 'c', A: 'x', B: 'x-y' });
  });

  test('is nested, and a third file that two others include is there once', async () => {
    const app = await compile(lines('include: [b/compose.yaml, c/compose.yaml]', service), {
      files: {
        'b/compose.yaml': lines('include: [../d/compose.yaml]', 'services: {b: {image: b}}'),
        'c/compose.yaml': lines('include: [../d/compose.yaml]', 'services: {c: {image: c}}'),
        'd/compose.yaml': 'services: {d: {image: d, ports: ["80"], env_file: d.env}}',
        'd/d.env': 'D=1\n',
      },
    });
    expect(app.services.map((each) => each.name)).toEqual(['b', 'c', 'd', 's']);
  });

  test('a later file may change what an earlier one includes', async () => {
    const app = await compile(lines('include: [b.yaml]', service), {
      app: { compose: ['compose.yaml', 'over.yaml'] },
      files: {
        'b.yaml': 'services: {t: {image: b, ports: ["1:1"]}}',
        'over.yaml': 'services: {t: {image: c, ports: !reset []}}',
      },
    });
    const spec = app.services.find((each) => each.name === 't')?.containers[0]?.spec;
    expect([spec?.Image, spec?.PortBindings]).toEqual(['c', undefined]);
  });

  test('a secret of an included file may be made of what only its .env knows', async () => {
    const app = await compile(lines('include: [b/compose.yaml]', service), {
      files: {
        'b/compose.yaml': lines('services: {t: {image: b, secrets: [x]}}', 'secrets: {x: {environment: TOKEN}}'),
        'b/.env': 'TOKEN=t0k3n\n',
      },
    });
    const [file] = app.services.find((each) => each.name === 't')?.containers[0]?.spec.Files ?? [];
    expect(new TextDecoder().decode(file?.content)).toBe('t0k3n');
  });

  test.each<[name: string, include: string, files: Record<string, string>, problem: string]>([
    [
      'two resources of one name that differ, with both positions',
      'include: [b.yaml]',
      { 'b.yaml': 'services: {s: {image: b}}' },
      'compose.yaml:2:12: services.s is also in an included file, at b.yaml:1:12, with other content (rename one of them, or override the included one in a file that the Application lists after this one)',
    ],
    [
      'a circle',
      'include: [b.yaml]',
      { 'b.yaml': 'include: [c.yaml]', 'c.yaml': 'include: [b.yaml]' },
      'c.yaml:1:11: files include each other in a circle: b.yaml -> c.yaml -> b.yaml',
    ],
    ['a file that is not there', 'include: [b.yaml]', {}, 'compose.yaml:1:11: there is no file b.yaml'],
    ['a folder', 'include: [b]', { 'b/c.yaml': '' }, 'compose.yaml:1:11: b is a folder; a Compose file is expected'],
    ['an include that is not a list', 'include: b.yaml', {}, 'compose.yaml:1:10: include must be a list, not a string'],
    [
      'an unknown key',
      'include: [{path: b.yaml, files: x}]',
      {},
      'compose.yaml:1:26: unknown key files in an entry of include (it has path, project_directory and env_file)',
    ],
    [
      'an environment file that is not there',
      'include: [{path: b.yaml, env_file: x.env}]',
      { 'b.yaml': 'services: {}' },
      'compose.yaml:1:36: there is no file x.env',
    ],
    [
      'a file of a registry',
      'include: ["oci://example.org/a"]',
      {},
      'compose.yaml:1:11: Holdfast does not fetch files from other servers, because a site must be able to start from its own copy of the repo (copy the file into the repo)',
    ],
    [
      'a config of an included file that is made of a variable',
      'include: [b.yaml]',
      { 'b.yaml': 'configs: {c: {environment: X}}' },
      'b.yaml:1:15: Docker Compose refuses a config with environment in an included file (declare the config in the file that includes this one)',
    ],
  ])('refuses %s', async (_name, include, files, problem) => {
    expect(await problemsOf(compile(lines(include, service), { files }))).toBe(problem);
  });

  test('files that include each other many times over end in a problem, soon', async () => {
    const files = Object.fromEntries(
      Array.from({ length: 40 }, (_, index) => [`f${index}.yaml`, `include: [f${index + 1}.yaml, f${index + 1}.yaml]`]),
    );
    const problems = await problemsOf(compile(lines('include: [f0.yaml]', service), { files }));
    expect(problems).toContain('the app has more than 500 Compose files');
  });
});
