import { expect, test } from '@jest/globals';
import { createAjv } from '../../../src/fleet/schema/validator.ts';
import type { AppStatus, SiteStatus } from '../../../src/model/status/site-status.ts';
import { closed, readSchema } from '../../support/values/closed-schema.ts';
import { document, wholeAgent } from '../run/whole-agent.ts';
import { kill } from '../world/engine/lifecycle.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

/** Says if a status is as schemas/site-status.schema.json has it, without any other key. */
const isStatus = createAjv().compile(closed(readSchema('site-status')));

interface Repo {
  image?: string;
  fleet?: object;
  app?: object;
  compose?: string | undefined;
}

const repoOf = ({ image = 'web:1', fleet, app, compose }: Repo = {}) => ({
  'fleet.yaml': document('Fleet', { syncPolicy: { automated: { prune: true, selfHeal: true } }, ...fleet }),
  'sites/here.yaml': document('Site'),
  'apps/web/app.yaml': document('Application', app),
  'apps/web/compose.yaml':
    compose ?? JSON.stringify({ services: { web: { image, command: ['serve'], restart: 'unless-stopped' } } }),
  'apps/db/app.yaml': document('Application'),
  'apps/db/compose.yaml': JSON.stringify({ services: { db: { image: 'db:1', command: ['serve'] } } }),
});

async function settled(repo: Repo = {}) {
  const site = wholeAgent({ images: ['web:1', 'web:2', 'db:1'] });
  site.repo.commit(repoOf(repo));
  await site.start();
  expect(await site.became('db:1 web:1', HOUR)).toBe(true);
  await site.clock.advance(MINUTE);
  const status = (): SiteStatus => {
    const found = site.status();
    const printed = JSON.parse(JSON.stringify({ apiVersion: 'holdfast/v1', kind: 'SiteStatus', ...found }));
    expect([isStatus(printed), isStatus.errors]).toEqual([true, null]);
    return found;
  };
  const app = (name = 'web'): AppStatus => {
    const found = status().apps.find((each) => each.app === name);
    if (!found) throw new Error(`no app ${name}`);
    return found;
  };
  return { ...site, status, app };
}

test('a site that is as Git says is well, and says since when and from where it knows', async () => {
  const site = await settled();
  const { verdict, git, engine, policy, apps } = site.status();
  expect(verdict).toEqual({ is: 'well', reasons: [] });
  expect(git).toMatchObject({ commit: site.repo.head, trouble: undefined, refused: undefined });
  expect(git.contactAt).toBeDefined();
  expect(engine.product).toMatch(/^Docker/);
  expect(policy).toEqual({ profile: 'none' });
  expect(apps.map(({ app, sync, health, operation }) => [app, sync, health, operation])).toEqual([
    ['db', 'synced', 'healthy', 'none'],
    ['web', 'synced', 'healthy', 'none'],
  ]);
  const { since } = site.app();
  await site.clock.advance(HOUR);
  expect(site.app().since).toBe(since);
  await site.stop();
});

test('a link that is gone is told with its time, and leaves the site well', async () => {
  const site = await settled();
  site.repo.linkUp = false;
  await site.clock.advance(2 * HOUR);
  const { git, verdict, asOf } = site.status();
  expect(verdict.is).toBe('well');
  expect(git.trouble?.text).toContain('cannot read');
  expect(Date.parse(asOf) - Date.parse(git.trouble?.since ?? '')).toBeGreaterThan(HOUR);
  site.repo.linkUp = true;
  await site.clock.advance(30 * MINUTE);
  expect(site.status().git.trouble).toBeUndefined();
  await site.stop();
});

test('a difference that was put right is counted', async () => {
  const site = await settled();
  const web = [...site.machine.containers.values()].find(({ body }) => body.Image === 'db:1');
  if (web) kill(site.machine, web, 'hand');
  await site.clock.advance(30 * MINUTE);
  expect(site.app('db').healed).toMatchObject({ count: 1, last: { text: expect.stringContaining('start db-db-1') } });
  expect(site.status().verdict.is).toBe('well');
  await site.stop();
});

test('a broken app keeps its last good state, and the site is not well for just that reason', async () => {
  const site = await settled();
  site.repo.commit(repoOf({ compose: 'services: {web: {image: 5}}' }));
  site.sync();
  await site.clock.advance(10 * MINUTE);
  expect(site.app()).toMatchObject({ sync: 'outOfSync', health: 'healthy', operation: 'none' });
  expect(site.app().problems[0]).toMatch(/apps\/web\/compose\.yaml:1:\d+: .*stays as it was at/);
  expect(site.status().verdict).toMatchObject({ is: 'unwell', reasons: [expect.stringMatching(/^web: apps\/web/)] });
  expect(site.app('db').sync).toBe('synced');
  await site.stop();
});

test('an image that nobody has is a failed operation, with the next attempt', async () => {
  const site = await settled();
  site.repo.commit(repoOf({ image: 'web:9' }));
  site.sync();
  await site.clock.advance(10 * MINUTE);
  const web = site.app();
  expect(web).toMatchObject({ sync: 'outOfSync', health: 'healthy', operation: 'failed' });
  expect(web.held[0]).toMatchObject({ by: 'backoff', nextAt: expect.stringMatching(/^20/) });
  expect(web.lastError?.text).toContain('pull web:9');
  expect(site.status().verdict.is).toBe('unwell');
  site.repo.commit(repoOf());
  site.sync();
  await site.clock.advance(10 * MINUTE);
  expect(site.app().lastError).toBeUndefined();
  expect(site.status().verdict.is).toBe('well');
  await site.stop();
});

test('a change that waits for its step, and one that waits for a window, are not wrong and say when', async () => {
  const steps = { rollout: { steps: [{ percent: 100, after: '24h' }] } };
  const site = await settled({ fleet: steps });
  site.repo.commit(repoOf({ image: 'web:2', fleet: steps }));
  site.sync();
  await site.clock.advance(10 * MINUTE);
  expect(site.app().waits).toMatchObject({ revision: site.repo.head, text: expect.stringContaining('begins in 23 h') });
  expect(site.status().verdict).toMatchObject({
    is: 'busy',
    reasons: [expect.stringContaining('waits for step 1 of 1')],
  });
  // An agent that has just started knows of the change, though not yet of its time.
  site.repo.linkUp = false;
  await site.restart();
  await site.clock.advance(MINUTE);
  expect(site.app().waits?.text).toContain('until Git has answered');
  await site.stop();
});

test('an app that is suspended is not wrong', async () => {
  const site = await settled();
  site.repo.commit(repoOf({ app: { suspend: true } }));
  site.sync();
  await site.clock.advance(10 * MINUTE);
  expect(site.app().health).toBe('suspended');
  expect(site.status().verdict).toMatchObject({ is: 'busy', reasons: ['web is suspended'] });
  await site.stop();
});
