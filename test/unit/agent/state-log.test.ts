import { expect, test } from '@jest/globals';
import { createStateLog } from '../../../src/agent/reconcile/state-log.ts';
import { emptyMemory } from '../../../src/model/memory.ts';
import type { ActualSite, DesiredSite } from '../../../src/model/state.ts';
import { agentOptions } from '../../../src/plan/facts/policy.ts';
import { plan } from '../../../src/plan/plan.ts';
import { actualOf, app, but, service, site } from '../../support/site/site-builder.ts';

const git = site(app('shop', service('api'), service('web')));
const gated: DesiredSite = {
  ...git,
  apps: git.apps.map((each) => ({
    ...each,
    services: each.services.map((one) =>
      one.name === 'web'
        ? {
            ...one,
            dependsOn: [{ service: 'api', condition: 'healthy' as const, required: true, restart: false }],
          }
        : one,
    ),
  })),
};

function teller(output = '') {
  const said: string[] = [];
  const say = (text: string): void => void said.push(text);
  const { tell, troubles } = createStateLog({ debug: say, info: say, warn: say, error: say }, async () => output);
  return {
    said,
    troubles,
    see: (desired: DesiredSite, actual: ActualSite) =>
      tell(desired, plan(desired, actual, emptyMemory(), 0, agentOptions), actual, true),
  };
}

test('all as a revision says is said once a revision', () => {
  const { said, see } = teller();
  see(git, actualOf(git));
  see(git, actualOf(git));
  see({ ...git, apps: git.apps.map((each) => ({ ...each, revision: 'f21e1fb000' })) }, actualOf(git));
  expect(said).toEqual([expect.stringMatching(/^all as .* says$/), 'all as f21e1fb000 says']);
});

test('a crash loop is said once, and not while it goes on', async () => {
  const { said, see, troubles } = teller();
  const actual = but(actualOf(git), 'shop-web-1', { status: 'restarting', restartCount: 4, exitCode: 1 });
  see(git, actual);
  see(git, { ...actual, containers: actual.containers.map((each) => ({ ...each, restartCount: 5 })) });
  await Promise.resolve();
  expect(said.filter((text) => text.startsWith('web'))).toEqual(['web restarts again and again: exit 1']);
  expect(troubles('shop')).toEqual(['web restarts again and again: exit 1']);
});

test('the log says once that a service waits for an unhealthy one, with the output of the health check', async () => {
  const { said, see } = teller();
  const there = but(actualOf(gated), 'shop-api-1', { health: 'unhealthy', healthOutput: 'no route to db' });
  const actual = {
    ...there,
    at: '2026-11-26T12:00:00.000Z',
    containers: there.containers.filter(({ name }) => name !== 'shop-web-1'),
  };
  see(gated, actual);
  see(gated, actual);
  await Promise.resolve();
  expect(said).toEqual(['web waits for api, unhealthy since 2026-11-26T12:00:00.000Z: no route to db']);
});

test('the log shows the output of a container within bounds, without control characters and without secrets', async () => {
  const printed = [
    ...Array.from({ length: 90 }, (_, index) => `line ${index}`),
    '\u001b[31mcannot reach postgres://app:pony-3141@db\u001b[0m',
    'the key is -----BEGIN KEY-----',
    'MIIEvQIBADANBgkq',
  ].join('\r\n');
  const { said, see } = teller(printed);
  const secret = { path: '/run/secrets/key', mode: 0o400, uid: 0, gid: 0 };
  const content = Buffer.from('-----BEGIN KEY-----\nMIIEvQIBADANBgkq\n-----END KEY-----\n');
  const holding: DesiredSite = {
    ...git,
    apps: git.apps.map((each) => ({
      ...each,
      services: each.services.map((one) => ({
        ...one,
        containers: one.containers.map((each) => ({
          ...each,
          spec: { ...each.spec, Env: { URL: 'postgres://app:pony-3141@db' }, Files: [{ ...secret, content }] },
        })),
      })),
    })),
  };
  const health = { health: 'unhealthy' as const, healthOutput: 'postgres://app:pony-3141@db: refused' };
  see(holding, but(actualOf(holding), 'shop-web-1', { status: 'restarting', restartCount: 4, exitCode: 1, ...health }));
  await Promise.resolve();
  expect(said).toHaveLength(1);
  expect(said[0]).toMatch(/^web restarts again and again: exit 1, last output: ….*; line 89; /);
  expect(said[0]?.length).toBeLessThan(400);
  expect(said[0]).toMatch(/cannot reach \*\*\*.*; the key is \*\*\*; \*\*\*$/);
  expect(said[0]).not.toMatch(/pony|MIIE|\p{Cc}/u);
});

test('a secret that is cut by the bound shows in no part', async () => {
  const secret = 'pony'.repeat(100);
  const { said, see } = teller(`${secret} is wrong`);
  const actual = but(actualOf(git), 'shop-web-1', { status: 'restarting', restartCount: 4, exitCode: 1 });
  const there = {
    ...actual,
    containers: actual.containers.map((each) => ({ ...each, spec: { ...each.spec, Env: { KEY: secret } } })),
  };
  see(git, there);
  await Promise.resolve();
  expect(said).toEqual(['web restarts again and again: exit 1, last output: *** is wrong']);
});
