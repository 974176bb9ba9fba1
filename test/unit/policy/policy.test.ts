import { expect, test } from '@jest/globals';
import { SCHEMAS } from '../../../src/fleet/schema/schemas.ts';
import type { InputError } from '../../../src/lib/errors.ts';
import { violationsOf } from '../../../src/policy/policy.ts';
import { RULE_NAMES } from '../../../src/policy/rules.ts';
import { compile, serviceText } from '../compose/support.ts';
import { PLACES, policy, refusals } from './support.ts';

const asked = (keys: string, more = '') => compile(`${serviceText(keys)}${more}`);

test('the message names the rule, the service and the value with its key', async () => {
  const app = await asked('volumes: [/etc:/host, /srv:/srv:ro]\nports: ["22:22"]');
  expect(refusals(await policy('profile: standard\nallow: {ports: [8000-8999]}'), app)).toEqual([
    'ports: s: ports: port 22 of every address (tcp)',
    'hostPaths: s: volumes: /etc at /host',
    'agentFolders: s: volumes: /etc at /host, which has to do with /etc/holdfast',
    'hostPaths: s: volumes: /srv at /srv (read-only)',
  ]);
});

test('allow is in place of what the profile allows, and PROFILE adds that', async () => {
  const app = await asked('cap_add: [NET_ADMIN]\ncap_drop: [ALL]');
  expect(refusals(await policy('profile: standard'), app)).toEqual(['capabilities: s: cap_add: NET_ADMIN']);
  expect(refusals(await policy('profile: standard\nallow: {capabilities: [CAP_NET_ADMIN]}'), app)).toEqual([]);
  const usual = await asked('cap_add: [NET_ADMIN]');
  expect(refusals(await policy('profile: standard\nallow: {capabilities: [NET_ADMIN]}'), usual)).toContain(
    'capabilities: s: CHOWN, which a container has unless cap_drop takes it away',
  );
  expect(refusals(await policy('profile: standard\nallow: {capabilities: [PROFILE, NET_ADMIN]}'), usual)).toEqual([]);
});

test('deny takes away from what is allowed, and from all that includes it', async () => {
  const raw = 'profile: lab\ndeny: {capabilities: [NET_RAW]}';
  expect(refusals(await policy(raw), await asked('cap_drop: [NET_RAW]'))).toEqual([]);
  expect(refusals(await policy(raw), await asked('init: true'))).toHaveLength(1);
  expect(refusals(await policy(raw), await asked('cap_add: [ALL]\ncap_drop: [NET_RAW]'))).toHaveLength(1);
  const path = 'profile: lab\ndeny: {hostPaths: [/srv/till, "/etc:rw"]}';
  expect(refusals(await policy(path), await asked('volumes: [/srv:/s:ro, /etc:/e:ro, /srv/tillage:/t]'))).toEqual([
    'hostPaths: s: volumes: /srv at /s (read-only)',
  ]);
  expect(refusals(await policy(path), await asked('volumes: [/etc/x:/e]'))).toHaveLength(1);
});

test.each([
  ['registry.example.org/shop/*', 'registry.example.org/shop/pos:1', true],
  ['registry.example.org/shop/*', 'Registry.Example.org:443/shop/pos:1', true],
  ['registry.example.org/shop/*', 'registry.example.org:5000/shop/pos:1', false],
  ['registry.example.org/shop/*', 'registry.example.org.evil.example/shop/pos:1', false],
  ['registry.example.org/shop/*', 'evil.example/registry.example.org/shop/pos', false],
  ['registry.example.org/shop/*', 'registry.example.org/shopping/pos', false],
  ['registry.example.org/shop/*', 'shop/pos', false],
  ['nginx', 'docker.io/library/nginx:1.27', true],
  ['nginx', 'index.docker.io/library/nginx', true],
  ['nginx', 'nginx/nginx', false],
  ['docker.io/library/*', 'busybox', true],
  ['docker.io/library/*', 'localhost/busybox', false],
  ['docker.io/library/*', 'localhost:5000/busybox', false],
])('an image that %s allows: %s is %s', async (entry, image, isAllowed) => {
  const app = await compile(`services: {s: {image: "${image}"}}`);
  expect(refusals(await policy(`profile: standard\nallow: {images: ["${entry}"]}`), app).length === 0).toBe(isAllowed);
  // The same entry in deny refuses it.
  expect(refusals(await policy(`profile: standard\ndeny: {images: ["${entry}"]}`), app).length > 0).toBe(isAllowed);
});

test('an image without a digest is refused where digests are required', async () => {
  const strict = await policy('profile: standard\nallow: {imagesWithoutDigest: false}');
  expect(refusals(strict, await compile('services: {s: {image: "busybox:1"}}'))).toEqual([
    'imagesWithoutDigest: s: image: busybox:1',
  ]);
  const digest = `busybox:1@sha256:${'0'.repeat(64)}`;
  expect(refusals(strict, await compile(`services: {s: {image: "${digest}"}}`))).toEqual([]);
});

test.each([
  ['8000-8999', '8080:80', true],
  ['8000-8999', '8999-9000:80-81', false],
  ['8000-8999/udp', '8080:80', false],
  ['127.0.0.1:8080', '127.0.0.1:8080:80', true],
  ['127.0.0.1:8080', '8080:80', false],
  ['8080', '80', false],
  ['32768-60999', '80', true],
  ['"[::1]:8080"', '[::1]:8080:80', true],
])('a port that %s allows: %s is %s', async (entry, port, isAllowed) => {
  const app = await asked(`ports: ["${port}"]`);
  expect(refusals(await policy(`profile: standard\nallow: {ports: [${entry}]}`), app).length === 0).toBe(isAllowed);
});

test('the containers of an app stay below its ceilings together', async () => {
  const limits = 'profile: lab\nlimits: {memory: 512m, cpus: 1}';
  const file = (memory: string, replicas: number) =>
    compile(`services: {a: {image: a, mem_limit: ${memory}, cpus: 0.25, scale: ${replicas}}}`);
  expect(refusals(await policy(limits), await file('128m', 4))).toEqual([]);
  expect(refusals(await policy(limits), await file('128m', 5))).toEqual([
    'memory: mem_limit: 640 MiB in all, and 512 MiB are allowed',
    'cpus: cpus: 1.25 in all, and 1 are allowed',
  ]);
  expect(refusals(await policy(limits), await asked('init: true'))).toEqual([
    'memory: s: no mem_limit',
    'cpus: s: no limit of cpus',
  ]);
  expect(refusals(await policy(limits), await asked('mem_limit: 64m\nmemswap_limit: -1\ncpu_quota: 50000'))).toEqual([
    'memory: s: memswap_limit: more than twice mem_limit',
  ]);
});

test('an app has rules of its own: allow in place of the others, deny besides them', async () => {
  const rules = `profile: standard
allow: {hostNamespaces: [pid]}
deny: {ports: [22]}
apps:
  app: {allow: {hostNamespaces: [network]}, deny: {ports: [23]}, limits: {memory: 1g}}
`;
  const app = await asked('network_mode: host\npid: host');
  expect(refusals(await policy(rules), app)).toEqual(['hostNamespaces: s: pid: host', 'memory: s: no mem_limit']);
  expect(refusals(await policy(rules), { ...app, name: 'other' })).toContain('hostNamespaces: s: network_mode: host');
  const ports = await asked('ports: ["22:1", "23:2", "24:3"]\nmem_limit: 1m');
  expect(refusals(await policy(rules), ports)).toHaveLength(2);
});

test('each fault of a policy has its place', async () => {
  const faults = await policy(`profile: loose
allow: {ports: [99999], privileged: 1}
denied: {}`).then(
    () => '',
    (error) => (error as InputError).message,
  );
  expect(faults.split('\n').map((line) => line.replace(/ \(.*/, ''))).toEqual([
    'policy.yaml:4:12: spec.profile must be one of strict, standard, lab, not "loose"',
    'policy.yaml:5:39: spec.allow.privileged must be true or false, not the number 1',
    'policy.yaml:6:3: unknown key `denied` in spec',
  ]);
  const entries = await policy(`profile: lab
allow: {ports: [99999], hostPaths: [srv], subnets: [10.0.0.0]}
deny: {images: [PROFILE]}
limits: {memory: much}`).then(
    () => '',
    (error) => (error as InputError).message,
  );
  expect(
    entries
      .split('\n')
      .map((line) => line.replace(/ \(.*/, ''))
      .sort(),
  ).toEqual([
    'policy.yaml:5:19: 99999 names no ports',
    'policy.yaml:5:39: srv is not an absolute path',
    'policy.yaml:5:55: 10.0.0.0 is no block of addresses',
    'policy.yaml:6:19: PROFILE adds what the profile allows, and so it goes below `allow`',
    'policy.yaml:7:20: memory must be a size above zero',
  ]);
});

test('the schema has every rule', () => {
  expect(Object.keys(SCHEMAS.Policy.definitions.rules.properties).sort()).toEqual([...RULE_NAMES].sort());
});

test('an app without a key of its own uses no encrypted file where the policy says so', async () => {
  const app = {
    ...(await asked('volumes: [/run/holdfast/secrets/app/secret-x:/run/secrets/x:ro]')),
    encrypted: [{ path: 'x.yaml', at: { file: 'compose.yaml', line: 1, column: 1 }, groups: [], threshold: 1 }],
  };
  const found = async (spec: string, keyed?: string[]) =>
    violationsOf(await policy(spec), app, { ...PLACES, keyed: keyed && new Set(keyed) }).map(({ rule }) => rule);
  expect(await found('profile: standard', [])).toEqual([]);
  const demands = 'profile: standard\nallow: {sharedKeys: false}';
  expect(await found(demands, ['', 'other'])).toEqual(['sharedKeys']);
  expect(await found(demands, ['app'])).toEqual([]);
  // A laptop does not know.
  expect(await found(demands)).toEqual([]);
  expect(await found('profile: standard\napps: {app: {deny: {secrets: true}}}', ['app'])).toEqual(['secrets']);
  const another = { ...app, name: 'other' };
  expect(refusals(await policy('profile: standard'), another)).toContain(
    'hostPaths: s: volumes: /run/holdfast/secrets/app/secret-x at /run/secrets/x (read-only)',
  );
});

test('a policy says which hooks an app may have, and judges their containers as those of services', async () => {
  const app = await compile(`services:
  web: {image: "web:1", mem_limit: 100m}
  migrate: {image: "tool:1", mem_limit: 100m, privileged: true, volumes: ["/etc:/host"], x-holdfast: {hook: PreSync}}
`);
  expect(refusals(await policy('profile: standard'), app)).toEqual([
    'hostPaths: migrate: volumes: /etc at /host',
    'agentFolders: migrate: volumes: /etc at /host, which has to do with /etc/holdfast',
    'privileged: migrate: privileged: true',
  ]);
  expect(refusals(await policy('profile: lab\ndeny: {hooks: [PreSync]}'), app)).toEqual([
    'hooks: migrate: x-holdfast: hook: PreSync',
  ]);
  expect(refusals(await policy('profile: strict'), app)).toContain('hooks: migrate: x-holdfast: hook: PreSync');
  expect(refusals(await policy('profile: lab\nlimits: {memory: 150m}'), app)).toEqual([
    'memory: mem_limit: 200 MiB in all, and 150 MiB are allowed',
  ]);
});
