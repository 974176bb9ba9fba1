import { describe, expect, test } from '@jest/globals';
import { composeConfig } from '../../../../src/compose/config/project.ts';
import { compile, memorySnapshot, placedApp, problemsOf } from '../support.ts';

/** A service `web` and a hook `h`, each with keys, a line each. */
const text = (hook: string, web = '', others = ''): string => `services:
  web: {image: web:1, ${web}}
  h:
    image: tool:1
    ${hook}
${others}`;

test('a service with x-holdfast.hook is a hook of the app, and no service, whatever profiles are on', async () => {
  const { services, syncHooks } = await compile(text('x-holdfast: {hook: PreSync}\n    profiles: [hooks]'));
  expect(services.map(({ name }) => name)).toEqual(['web']);
  expect(syncHooks).toMatchObject([{ phase: 'PreSync', timeoutMs: 600_000, service: { name: 'h' } }]);
  expect(syncHooks?.[0]?.service.containers.map(({ name }) => name)).toEqual(['app-h-1']);
  expect((await compile(text('profiles: [other]'))).syncHooks).toBeUndefined();
});

test('networks and volumes that only a hook uses are the app‘s', async () => {
  const hook = 'x-holdfast: {hook: PostSync}\n    networks: [side]\n    volumes: ["data:/data"]';
  const { networks, volumes } = await compile(text(hook, '', 'networks: {side: {}}\nvolumes: {data: {}}'));
  expect(networks.map(({ key }) => key)).toEqual(['default', 'side']);
  expect(volumes.map(({ key }) => key)).toEqual(['data']);
});

test('hookTimeout is a duration', async () => {
  const hook = (timeout: string) => compile(text(`x-holdfast: {hook: PreSync, hookTimeout: ${timeout}}`));
  expect((await hook('1h30m')).syncHooks?.[0]?.timeoutMs).toBe(5_400_000);
  expect(await problemsOf(hook('soon'))).toBe('compose.yaml:5:46: "soon" is not a duration (write it as 90s or 1m30s)');
});

test('docker compose leaves a hook out whose profile is off, and so does the rendering for it', async () => {
  const printed = async (profiles: string[]) => {
    const files = { 'compose.yaml': text('x-holdfast: {hook: PreSync, hookTimeout: 2m}\n    profiles: [hooks]') };
    const { json } = await composeConfig(placedApp({ profiles }), 'here', memorySnapshot(files), {
      filesDir: '/files',
    } as never);
    return JSON.parse(json).services;
  };
  expect(Object.keys(await printed([]))).toEqual(['web']);
  expect((await printed(['hooks'])).h['x-holdfast']).toEqual({ hook: 'PreSync', hookTimeout: '2m' });
});

describe('keys that make no sense are refused with their place:', () => {
  test.each([
    ['restart: always', '6:5', 'the hook h has restart: a hook runs to its end'],
    ['deploy: {restart_policy: {condition: any}}', '6:14', 'the hook h has deploy.restart_policy'],
    ['scale: 2', '6:5', 'the hook h has scale: a hook runs once'],
    ['deploy: {replicas: 0}', '6:14', 'the hook h has deploy.replicas: a hook runs once'],
    ['ports: ["80:80"]', '6:5', 'the hook h has ports: nobody can count on'],
    ['post_start: [{command: [x]}]', '6:5', 'the hook h has post_start: a hook has no hooks of its own'],
    ['pre_stop: [{command: [x]}]', '6:5', 'the hook h has pre_stop'],
    ['network_mode: "service:web"', '6:5', 'the hook h has network_mode: it would keep the container'],
    ['pid: "container:other"', '6:5', 'the hook h has pid'],
    ['volumes_from: [web]', '6:5', 'the hook h has volumes_from'],
    ['depends_on: {web: {condition: service_started, restart: true}}', '6:18', 'and a hook runs once'],
    ['depends_on: [nobody]', '6:18', 'nobody'],
  ])('%s', async (line, at, message) => {
    const told = await problemsOf(compile(text(`x-holdfast: {hook: PreSync}\n    ${line}`)));
    expect(told).toContain(`compose.yaml:${at}: `);
    expect(told).toContain(message);
  });

  test.each([
    ['hook: Sync', '"Sync" is not possible here (one of PreSync, PostSync, SyncFail is)'],
    ['hook: PreSync, failedJob: leave', 'the hook h has x-holdfast.failedJob: it is for jobs that are services'],
    ['hook: PreSync, hookTimeout: 0s', 'the hook h has x-holdfast.hookTimeout: a hook needs some time'],
    ['hookTimeout: 1m', 'hookTimeout is for hooks (write hook: PreSync, PostSync or SyncFail beside it)'],
  ])('x-holdfast: {%s}', async (keys, message) => {
    const told = await problemsOf(compile(text(`x-holdfast: {${keys}}`)));
    expect(told).toMatch(/^compose\.yaml:5:\d+: /);
    expect(told).toContain(message);
  });

  test.each([
    ['depends_on: [h]', '2:36'],
    ['links: [h]', '2:31'],
    ['network_mode: "service:h"', '2:37'],
    ['volumes_from: [h]', '2:38'],
  ])('a service with %s', async (line, at) => {
    const told = await problemsOf(compile(text('x-holdfast: {hook: PreSync}', line)));
    expect(told).toContain(`compose.yaml:${at}: the service web depends on h, which is a PreSync hook and no service`);
  });

  const two = (phase: string, keys: string) =>
    compile(
      text(
        `x-holdfast: {hook: ${phase}}\n    depends_on: {${keys}}`,
        '',
        '  g: {image: tool:1, x-holdfast: {hook: PreSync}}\n',
      ),
    );

  test('a hook depends on services, and on the end of hooks of its own kind', async () => {
    const { syncHooks } = await two('PreSync', 'g: {condition: service_completed_successfully}');
    expect(syncHooks?.[1]?.service.dependsOn).toMatchObject([{ service: 'g', condition: 'completed' }]);
    await two('PreSync', 'web: {condition: service_healthy}');
    await two('PostSync', 'web: {condition: service_started}');
    expect(await problemsOf(two('PreSync', 'g: {condition: service_started}'))).toContain(
      'compose.yaml:6:18: the hook h waits for the start of the hook g, and hooks run to their end',
    );
    expect(await problemsOf(two('PostSync', 'g: {condition: service_completed_successfully}'))).toContain(
      'compose.yaml:6:18: the PostSync hook h depends on g, which is a PreSync hook',
    );
    expect(await problemsOf(two('SyncFail', 'web: {condition: service_started}'))).toContain(
      'compose.yaml:6:18: the SyncFail hook h depends on the service web',
    );
  });

  test('a circle of hooks', async () => {
    const circle =
      'services:\n  web: {image: web:1}\n  a: {image: a, depends_on: {b: {condition: service_completed_successfully}}, x-holdfast: {hook: PreSync}}\n  b: {image: b, depends_on: {a: {condition: service_completed_successfully}}, x-holdfast: {hook: PreSync}}\n';
    expect(await problemsOf(compile(circle))).toContain('services depend on each other in a circle');
  });

  test('an app of hooks alone', async () => {
    expect(await problemsOf(compile('services:\n  h: {image: tool:1, x-holdfast: {hook: PreSync}}\n'))).toContain(
      'compose.yaml:2:3: the app has hooks and no services',
    );
  });
});
