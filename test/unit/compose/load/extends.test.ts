import { describe, expect, test } from '@jest/globals';
import type { ContainerSpec } from '../../../../src/model/spec.ts';
import { compile, type Extras, problemsOf } from '../support.ts';

const lines = (...all: string[]): string => `${all.join('\n')}\n`;

async function specs(text: string, extras: Extras = {}): Promise<Record<string, ContainerSpec | undefined>> {
  const app = await compile(text, extras);
  return Object.fromEntries(app.services.map((service) => [service.name, service.containers[0]?.spec]));
}

describe('extends', () => {
  test('lays a service over another of the same file, by the rules of several files', async () => {
    const { s } = await specs(
      lines(
        'services:',
        '  base: {image: a, command: [x, y], environment: {A: 1, B: 1}, cap_add: [NET_ADMIN]}',
        '  s: {extends: base, command: [z], environment: [B=2], cap_add: [SYS_TIME]}',
      ),
    );
    expect(s).toMatchObject({
      Image: 'a',
      Cmd: ['z'],
      Env: { A: '1', B: '2' },
      CapAdd: ['NET_ADMIN', 'SYS_TIME'],
    });
  });

  test('goes through a chain of files, each with paths relative to its own folder', async () => {
    const { s } = await specs(
      lines(
        'services:',
        '  s:',
        '    extends: {file: ../../shared/web.yaml, service: web}',
        '    environment: {LAST: app}',
      ),
      {
        app: { folder: 'apps/web', compose: ['apps/web/compose.yaml'] },
        files: {
          'apps/web/compose.yaml': lines(
            'services:',
            '  s: {extends: {file: ../../shared/web.yaml, service: web}, environment: {LAST: app}}',
          ),
          'shared/web.yaml': lines(
            'services:',
            '  web: {extends: {file: deep/base.yaml, service: base}, env_file: web.env, environment: {LAST: web}}',
          ),
          'shared/web.env': 'WEB=1\nBOTH=web\n',
          'shared/deep/base.yaml': lines(
            'services:',
            '  base: {image: a, env_file: [base.env], label_file: base.labels}',
          ),
          'shared/deep/base.env': 'BASE=1\nBOTH=base\n',
          'shared/deep/base.labels': 'tier=edge\n',
        },
      },
    );
    expect(s?.Env).toEqual({ BASE: '1', WEB: '1', BOTH: 'web', LAST: 'app' });
    expect(s?.Labels).toMatchObject({ tier: 'edge' });
  });

  test('takes out what !reset and !override say, of the extended service and of files before', async () => {
    const { s } = await specs(
      lines('services:', '  s: {image: a, ports: ["1:1"], dns: [1.1.1.1], labels: {a: b}, environment: {A: 1, B: 1}}'),
      {
        app: { compose: ['compose.yaml', 'over.yaml'] },
        files: {
          'over.yaml': lines(
            'services:',
            '  base: {image: a, ports: ["2:2"], dns: [2.2.2.2]}',
            '  s:',
            '    extends: base',
            '    ports: !override ["3:3"]',
            '    dns: !reset []',
            '    environment: {A: !reset null}',
          ),
        },
      },
    );
    expect(s?.PortBindings).toEqual([{ Container: '3/tcp', HostIp: '', HostPort: '3' }]);
    expect(s?.Dns).toBeUndefined();
    expect(s?.Env).toEqual({ B: '1' });
  });

  test('binds a file of Git that another folder of the app names', async () => {
    const app = await compile(
      lines('services:', '  s: {extends: {file: base/b.yaml, service: b}}', 'volumes: {data: }'),
      {
        files: {
          'base/b.yaml': lines('services:', '  b: {image: a, volumes: ["./c.conf:/c.conf", "data:/data"]}'),
          'base/c.conf': 'x',
        },
      },
    );
    expect(app.files.map((file) => file.path)).toEqual(['/files/app/base/c.conf']);
  });

  test.each<[name: string, services: string[], problem: string]>([
    [
      'an unknown service',
      ['  s: {extends: bsae}', '  base: {image: a}'],
      '2:16: there is no service bsae in compose.yaml to extend (did you mean base?)',
    ],
    ['itself', ['  s: {extends: s}'], '2:16: services extend each other in a circle: s -> s'],
    [
      'a circle',
      ['  a: {extends: b}', '  b: {extends: {service: c}}', '  c: {extends: {file: compose.yaml, service: a}}'],
      '2:16: services extend each other in a circle: b -> c -> a -> b',
    ],
    [
      'no service',
      ['  s: {extends: {file: x.yaml}}'],
      '2:7: extends names no service (name the service under service)',
    ],
    ['no file', ['  s: {extends: {file: x.yaml, service: a}}'], '2:23: there is no file x.yaml'],
    [
      'an unknown key',
      ['  s: {extends: {service: a, from: b}}'],
      '2:29: unknown key from in extends (it has service and file)',
    ],
    ['a list', ['  s: {extends: [a]}'], '2:16: extends must be the name of a service or a mapping, not a list'],
    [
      'a file outside of the repo',
      ['  s: {extends: {file: ../x.yaml, service: a}}'],
      '2:23: the path leads out of the config repo (move the file into the repo)',
    ],
    [
      'a file of another server',
      ['  s: {extends: {file: "https://example.org/a.git", service: a}}'],
      '2:23: Holdfast does not fetch files from other servers, because a site must be able to start from its own copy of the repo (copy the file into the repo)',
    ],
  ])('is refused for %s, at its position', async (_name, services, problem) => {
    const problems = await problemsOf(compile(lines('services:', ...services)));
    expect(problems.split('\n')).toContain(`compose.yaml:${problem}`);
  });

  test('a problem in an extended file is reported once, in that file', async () => {
    const problems = await problemsOf(
      compile(
        lines('services:', '  a: {extends: {file: b.yaml, service: b}}', '  c: {extends: {file: b.yaml, service: b}}'),
        {
          files: { 'b.yaml': lines('services:', '  b: {image: x, imgae: y}') },
        },
      ),
    );
    expect(problems).toBe('b.yaml:2:17: unknown key imgae in a service (did you mean image?)');
  });

  test('a bind outside of the app is refused', async () => {
    const problems = await problemsOf(
      compile('', {
        app: { folder: 'apps/web', compose: ['apps/web/compose.yaml'] },
        files: {
          'apps/web/compose.yaml': lines('services:', '  s: {extends: {file: ../../shared/b.yaml, service: b}}'),
          'shared/b.yaml': lines('services:', '  b: {image: a, volumes: ["./c.conf:/c.conf"]}'),
        },
      }),
    );
    expect(problems).toBe(
      'shared/b.yaml:2:27: Git has nothing there, and on a site the path leads to /shared/c.conf, out of the folder of all apps (/files) (add what it names to Git, or write the absolute path that it has on the site)',
    );
  });
});
