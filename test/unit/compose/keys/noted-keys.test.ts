import { describe, expect, test } from '@jest/globals';
import { supportTable } from '../../../../scripts/pages/table.ts';
import { formatProblem } from '../../../../src/lib/errors.ts';
import { compile, serviceProblems, serviceText, specOf } from '../support.ts';

/** A use of each key of a service that is taken and has no effect. */
const SERVICE: Record<string, string> = {
  attach: 'attach: false',
  build: 'build: {context: ./web, args: {A: "$NONE"}}',
  cpu_count: 'cpu_count: 2',
  cpu_percent: 'cpu_percent: 50',
  credential_spec: 'credential_spec: {file: a.json}',
  'deploy.endpoint_mode': 'deploy: {endpoint_mode: vip}',
  'deploy.labels': 'deploy: {labels: {com.docker.compose.project: b}}',
  'deploy.placement': 'deploy: {placement: {constraints: ["node.role==manager"]}}',
  'deploy.resources.reservations.cpus': 'deploy: {resources: {reservations: {cpus: "0.25"}}}',
  'deploy.resources.reservations.generic_resources':
    'deploy: {resources: {reservations: {generic_resources: [{discrete_resource_spec: {kind: gpu, value: 1}}]}}}',
  'deploy.restart_policy.delay': 'deploy: {restart_policy: {condition: none, delay: 5s}}',
  'deploy.restart_policy.window': 'deploy: {restart_policy: {condition: none, window: 5s}}',
  'deploy.rollback_config': 'deploy: {rollback_config: {failure_action: pause}}',
  develop: 'develop: {watch: [{path: ., action: rebuild}]}',
};

describe('a key without effect', () => {
  const rows = supportTable()
    .filter(({ title }) => title === 'Services')
    .flatMap((section) => section.rows);

  test('is a warning with its place and the reason, and changes nothing', async () => {
    const noted = rows.filter(({ support, text }) => support === 'noted' && text !== '');
    expect(noted.map(({ key }) => key)).toEqual(Object.keys(SERVICE));
    for (const { key, text } of noted) {
      const keys = SERVICE[key] ?? '';
      const { warnings } = await compile(serviceText(keys));
      const name = key.split('.').at(-1) ?? '';
      expect(warnings).toEqual([
        {
          app: 'app',
          message: `${name} has no effect: ${text}`,
          at: { file: 'compose.yaml', line: 4, column: 5 + keys.indexOf(`${name}:`) },
        },
      ]);
      const plain = key.includes('restart_policy') ? 'deploy: {restart_policy: {condition: none}}' : 'labels: {}';
      expect(await specOf(keys)).toEqual(await specOf(plain));
    }
  });

  test('is still read: what is wrong in it is told', async () => {
    expect(await serviceProblems('deploy: {placement: {constrains: [a]}}')).toBe(
      'compose.yaml:4:26: unknown key constrains in deploy.placement (did you mean constraints?)',
    );
  });
});

describe('keys that Docker Compose ignores', () => {
  const START_FIRST = 'deploy: {update_config: {order: start-first}}';
  const beside = 'the old container and the new one cannot run at the same time';
  const external = 'networks: {default: {external: true, driver: bridge, ipam: {config: [{subnet: 10.0.0.0/24}]}}}\n';
  const file = 'configs: {c: {file: f}}\n';

  test.each([
    [
      'deploy: {mode: global-job}',
      'labels: {}',
      '4:20: mode global-job has no effect: it is for Swarm (for a task that runs once, write restart: "no")',
    ],
    [
      'deploy: {update_config: {failure_action: rollback}}',
      'deploy: {update_config: {failure_action: pause}}',
      '4:46: failure_action: rollback works like pause, because Holdfast does not roll back by itself (commit what ran well before to go back)',
    ],
    [
      `ports: [80, "8000-8001:80", "8000:80"]\n${START_FIRST}`,
      'ports: [80, "8000-8001:80", "8000:80"]\ndeploy: {update_config: {order: stop-first}}',
      `4:33: order: start-first has no effect: with the host port 8000, ${beside} (leave the host port to the engine, give a range of at least 2, or set order: stop-first)`,
    ],
    [
      `networks: {default: {ipv4_address: 10.0.0.2}}\n${START_FIRST}`,
      'networks: {default: {ipv4_address: 10.0.0.2}}\ndeploy: {update_config: {order: stop-first}}',
      `4:16: order: start-first has no effect: with a static address, ${beside} (leave the address to the engine, or set order: stop-first)`,
    ],
    [
      `mac_address: 02:42:ac:11:00:02\n${START_FIRST}`,
      'mac_address: 02:42:ac:11:00:02\ndeploy: {update_config: {order: stop-first}}',
      `4:5: order: start-first has no effect: with a static address, ${beside} (leave the address to the engine, or set order: stop-first)`,
    ],
    [
      `network_mode: host\n${START_FIRST}`,
      'network_mode: host\ndeploy: {update_config: {order: stop-first}}',
      `4:5: order: start-first has no effect: with network_mode host, ${beside} (both need the same ports, and the health check of one could reach the other; give the service networks)`,
    ],
    [
      'configs: [{source: c, mode: 0400}]',
      'configs: [c]',
      '4:15: uid, gid and mode of the config c have no effect: its file is bound without changes',
      file,
      file,
    ],
    [
      'user: a',
      'user: a',
      '5:38: driver has no effect: default is external, so something else creates it',
      external,
      'networks: {default: {external: true}}\n',
    ],
  ])('%s is a warning and no error', async (keys, plain, warning, more = '', plainly = more) => {
    const [found, wanted] = [
      await compile(serviceText(keys) + more, { files: { f: 'x' } }),
      await compile(serviceText(plain) + plainly, { files: { f: 'x' } }),
    ];
    expect(found.warnings.map(formatProblem)).toContain(`compose.yaml:${warning}`);
    expect({ ...found, warnings: [] }).toEqual({ ...wanted, warnings: [] });
  });
});

describe('x-holdfast', () => {
  const hint = '(this version of Holdfast does not know it there; take it out, or update Holdfast)';

  test.each([
    ['x-holdfast: {helth: 1}\n', 'compose.yaml:4:18: unknown key helth in x-holdfast'],
    ['deploy:\n  x-holdfast:\n    a: 1\n', 'compose.yaml:6:9: unknown key a in x-holdfast'],
  ])('an unknown key below it is refused in a service: %j', async (keys, message) => {
    expect(await serviceProblems(keys)).toBe(`${message} ${hint}`);
  });

  test('so it is at the top level and in networks, and an empty one says nothing', async () => {
    const more =
      'x-holdfast: {a: 1}\nnetworks: {default: {x-holdfast: [a]}}\nvolumes: {v: {x-holdfast: }}\nx-other: {a: 1}\n';
    expect(await serviceProblems('x-holdfast: {}', { more })).toBe(
      `compose.yaml:5:14: unknown key a in x-holdfast ${hint}\ncompose.yaml:6:34: x-holdfast must be a mapping, not a list`,
    );
  });
});

describe('other spellings that the engine or Compose takes', () => {
  test.each([
    ['ports: [{target: 80, published: 80, protocol: UDP}]', 'ports: ["80:80/udp"]'],
    ['ports: [{target: 80, published: 80, protocol: ""}]', 'ports: ["80:80"]'],
    ['ports: [{target: 80, published: 80, mode: Host}]', 'ports: ["80:80"]'],
    ['expose: ["80/UDP", "81/Tcp"]', 'expose: ["80/udp", 81]'],
    ['network_mode: default', 'network_mode: bridge'],
    ['ipc: ""\npid: ""\nuts: ""\nuserns_mode: ""', 'labels: {}'],
    ['restart: ""', 'labels: {}'],
  ])('%s', async (other, plain) => {
    expect(await specOf(other)).toEqual(await specOf(plain));
  });

  test('a network of the engine as network_mode is refused with what to write', async () => {
    expect(await serviceProblems('network_mode: backend')).toBe(
      'compose.yaml:4:19: "backend" is not a network_mode (to join an existing network, list it under networks and declare it with external: true)',
    );
  });
});
