import { expect, test } from '@jest/globals';
import { createStateTeller } from '../../../src/agent/state-teller.ts';
import { emptyMemory } from '../../../src/model/memory.ts';
import type { ActualSite, DesiredSite } from '../../../src/model/state.ts';
import { plan } from '../../../src/plan/plan.ts';
import { agentOptions } from '../../../src/plan/policy.ts';
import { actualOf, app, but, service, site } from '../../support/site-builder.ts';

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

function teller() {
  const said: string[] = [];
  const say = (text: string): void => void said.push(text);
  const tell = createStateTeller({ debug: say, info: say, warn: say, error: say });
  return {
    said,
    see: (desired: DesiredSite, actual: ActualSite) =>
      tell(plan(desired, actual, emptyMemory(), 0, agentOptions), actual, true),
  };
}

test('all as a revision says is said once a revision', () => {
  const { said, see } = teller();
  see(git, actualOf(git));
  see(git, actualOf(git));
  see({ ...git, apps: git.apps.map((each) => ({ ...each, revision: 'f21e1fb000' })) }, actualOf(git));
  expect(said).toEqual([expect.stringMatching(/^all as .* says$/), 'all as f21e1fb000 says']);
});

test('a crash loop is said once, and not while it goes on', () => {
  const { said, see } = teller();
  const actual = but(actualOf(git), 'shop-web-1', { status: 'restarting', restartCount: 4, exitCode: 1 });
  see(git, actual);
  see(git, { ...actual, containers: actual.containers.map((each) => ({ ...each, restartCount: 5 })) });
  expect(said.filter((text) => text.startsWith('web'))).toEqual(['web restarts again and again: exit 1']);
});

test('who waits for something unhealthy is said once, with what its check printed', () => {
  const { said, see } = teller();
  const there = but(actualOf(gated), 'shop-api-1', { health: 'unhealthy', healthOutput: 'no route to db' });
  const actual = {
    ...there,
    at: '2026-11-26T12:00:00.000Z',
    containers: there.containers.filter(({ name }) => name !== 'shop-web-1'),
  };
  see(gated, actual);
  see(gated, actual);
  expect(said).toEqual(['web waits for api, unhealthy since 2026-11-26T12:00:00.000Z: no route to db']);
});
