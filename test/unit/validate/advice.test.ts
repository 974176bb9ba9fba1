import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { run } from '../../../src/cli/program.ts';
import { readApp } from '../../../src/compose/compile-app.ts';
import { adviceFor } from '../../../src/validate/advice/advise.ts';
import { RULES } from '../../../src/validate/advice/rules.ts';
import { captureWritten, written } from '../../support/program/written.ts';
import { configFolder } from '../../support/site/config-folder.ts';
import { memorySnapshot } from '../../support/values/memory-snapshot.ts';
import { placedApp } from '../compose/support.ts';

captureWritten();

/** A service against which no rule has anything. */
const GOOD = {
  image: 'nginx:1.27',
  restart: 'unless-stopped',
  mem_limit: '64m',
  pids_limit: 100,
  logging: { driver: 'local' },
  healthcheck: { test: ['CMD', 'true'] },
};

/** The names of the rules, and the places, that advise against a service. */
async function rulesAgainst(keys: object): Promise<string[]> {
  const text = JSON.stringify({ services: { s: { ...GOOD, ...keys } }, volumes: { data: {} } }, null, 1);
  const options = { filesDir: '/files' };
  const { project } = await readApp(placedApp(), 'a', memorySnapshot({ 'compose.yaml': text }), options);
  return adviceFor(project).map(({ hint = '' }) => hint.split(':', 1)[0] ?? '');
}

test('nothing is advised for a service that has all', async () => {
  expect(await rulesAgainst({})).toEqual([]);
});

test.each<[string, object, object]>([
  ['image-tag', { image: 'nginx' }, { image: 'nginx@sha256:'.padEnd(77, 'a') }],
  ['image-tag', { image: 'registry:5000/nginx:latest' }, { image: 'registry:5000/nginx:1' }],
  [
    'memory-limit',
    { mem_limit: 0 },
    {
      mem_limit: undefined,
      deploy: { resources: { limits: { memory: '1g' } } },
      pids_limit: undefined,
      'x-holdfast': { ignoreAdvice: ['pids-limit'] },
    },
  ],
  ['pids-limit', { pids_limit: -1 }, { pids_limit: 1 }],
  ['log-rotation', { logging: undefined }, { logging: { driver: 'json-file', options: { 'max-size': '1m' } } }],
  ['log-rotation', { logging: { driver: 'json-file' } }, { logging: { driver: 'journald' } }],
  ['restart-policy', { restart: undefined }, { restart: 'no' }],
  ['healthcheck', { healthcheck: undefined }, { healthcheck: undefined, restart: 'no' }],
  [
    'restart-policy',
    { restart: undefined },
    { restart: undefined, healthcheck: undefined, 'x-holdfast': { hook: 'PreSync' } },
  ],
  ['stop-grace', { volumes: ['data:/data'] }, { volumes: ['data:/data'], stop_grace_period: '1m' }],
  ['privileged', { privileged: true }, { privileged: false }],
  ['capabilities', { cap_add: ['CAP_SYS_ADMIN'] }, { cap_add: ['NET_BIND_SERVICE'] }],
  ['engine-socket', { volumes: ['/var/run/docker.sock:/s:ro'] }, { volumes: ['/var/lib/app:/s'] }],
  ['engine-socket', { volumes: ['/run:/s:ro'] }, { volumes: ['/run/udev:/s:ro'] }],
  ['engine-socket', { volumes: ['/run/user/1000/podman/podman.sock:/s'] }, { volumes: ['/run/user/1000/other:/s'] }],
  ['system-folder', { volumes: ['/etc:/s'] }, { volumes: ['/etc:/s:ro'] }],
  ['host-network', { network_mode: 'host' }, { network_mode: 'none' }],
  ['host-namespaces', { pid: 'host' }, { pid: undefined }],
  ['device-name', { devices: ['/dev/ttyUSB0'] }, { devices: ['/dev/serial/by-id/usb-1:/dev/ttyUSB0'] }],
  [
    'secret-environment',
    { environment: { DB_PASSWORD: '${X:-1}' } },
    { environment: { DB_PASSWORD_FILE: '/run/secrets/db' } },
  ],
])('%s', async (rule, bad, good) => {
  expect(await rulesAgainst(bad)).toEqual([rule]);
  expect(await rulesAgainst(good)).toEqual([]);
  expect(await rulesAgainst({ ...bad, 'x-holdfast': { ignoreAdvice: [rule] } })).toEqual([]);
});

test('every rule is tested here and explained in docs/advice.md, and one that is not known is said', async () => {
  const page = await readFile(join(import.meta.dirname, '../../../docs/advice.md'), 'utf8');
  const source = await readFile(import.meta.filename, 'utf8');
  for (const { name, reason, remedy } of RULES) {
    expect(page).toContain(`| \`${name}\` | ${reason} | ${remedy} |\n`);
    expect(source).toContain(`'${name}',`);
  }
  expect(await rulesAgainst({ 'x-holdfast': { ignoreAdvice: ['image-tags'] } })).toEqual(['did you mean image-tag?']);
});

test('validate --advice names each finding once over all sites, and its exit code stays', async () => {
  const document = (kind: string, rest: object = {}): string =>
    JSON.stringify({ apiVersion: 'holdfast/v1', kind, ...rest });
  const folder = await configFolder({
    'fleet.yaml': document('Fleet', { spec: { oldestAgent: '0.2.0', defaults: { memory: '64m', pids: 10 } } }),
    'sites/a.yaml': document('Site', { spec: { values: { X: 1 } } }),
    'sites/b.yaml': document('Site', { spec: { values: { X: 2 } } }),
    'apps/web/app.yaml': document('Application'),
    'apps/web/compose.yaml':
      'services:\n  s:\n    image: nginx:1.${X}\n    restart: unless-stopped\n    network_mode: host\n',
  });
  try {
    expect(await run(['validate', '--advice', folder.dir])).toBe(0);
    expect(written.match(/^advice: \S+ .*?(?=:)/gm)).toEqual([
      'advice: apps/web/compose.yaml:2:3: s has a log without a limit',
      'advice: apps/web/compose.yaml:2:3: s has no healthcheck',
      'advice: apps/web/compose.yaml:5:5: s uses the network of the host',
    ]);
    expect(written).toContain('warning: fleet.yaml:1:1: the Fleet has no syncPolicy, so sites only report');
    await folder.write({ 'fleet.yaml': document('Fleet', { spec: { syncPolicy: {} } }) });
    expect(await run(['validate', folder.dir])).toBe(0);
    expect(written.match(/has no syncPolicy/g)).toHaveLength(1);
  } finally {
    await folder.remove();
  }
});
