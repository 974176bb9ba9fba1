import { describe, expect, test } from '@jest/globals';
import { compileApp } from '../../../../src/compose/compile-app.ts';
import { compile, memorySnapshot, placedApp, problemsOf, serviceText } from '../support.ts';

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

  test('an error for values that do not fit names both positions', async () => {
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
