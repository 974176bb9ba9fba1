import { expect, test } from '@jest/globals';
import { SYNC_PATIENCE_MS, syncNow } from '../../../src/agent/status/sync-now.ts';
import type { SiteStatus } from '../../../src/model/status/site-status.ts';
import { document, wholeAgent } from '../run/whole-agent.ts';
import { seededRandom } from '../world/random.ts';
import { VirtualClock } from '../world/virtual-clock.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

const repoOf = (image: string) => ({
  'fleet.yaml': document('Fleet', { syncPolicy: { automated: { prune: true, selfHeal: true } } }),
  'sites/here.yaml': document('Site'),
  'apps/web/app.yaml': document('Application'),
  'apps/web/compose.yaml': JSON.stringify({ services: { web: { image, command: ['serve'] } } }),
});

async function settled(image = 'web:1') {
  const site = wholeAgent({ images: ['web:1', 'web:2'], intervalMs: 6 * HOUR });
  site.repo.commit(repoOf(image));
  await site.start();
  await site.clock.advance(2 * HOUR);
  return site;
}

test('a new commit is taken when a person asks, long before the next poll, and the answer says so', async () => {
  const site = await settled();
  site.repo.commit(repoOf('web:2'));
  const { git, engine, status } = await site.syncNow();
  expect([git, engine]).toEqual([{ is: 'done' }, { is: 'done' }]);
  expect(status.git.commit).toBe(site.repo.head);
  expect(status.apps[0]).toMatchObject({ app: 'web', sync: 'outOfSync' });
  expect(await site.became('web:2', 5 * MINUTE)).toBe(true);
  await site.stop();
});

test('an image that has come is pulled when a person asks, long before the next attempt', async () => {
  const site = await settled('web:9');
  const { images } = site.machine;
  expect(site.status().apps[0]).toMatchObject({ operation: 'failed', held: [{ by: 'backoff' }] });
  images.registry.offer('web:9', images.make({ Cmd: ['serve'] }));
  await site.clock.advance(MINUTE);
  expect(site.runs()).toBe('');
  await site.syncNow('web');
  expect(await site.became('web:9', MINUTE)).toBe(true);
  await site.stop();
});

test('an operation that still fails after a person asked waits longer than before', async () => {
  const site = await settled('web:9');
  const before = Date.parse(site.status().apps[0]?.held[0]?.nextAt ?? '');
  await site.syncNow();
  await site.clock.advance(MINUTE);
  const held = site.status().apps[0]?.held[0];
  expect(held?.by).toBe('backoff');
  expect(Date.parse(held?.nextAt ?? '')).toBeGreaterThan(before);
  await site.stop();
});

test('a link that is down is told, and the engine is looked at all the same', async () => {
  const site = await settled();
  site.repo.linkUp = false;
  const { git, engine, status } = await site.syncNow('web');
  expect(git).toMatchObject({ is: 'failed', text: expect.stringContaining('cannot read') });
  expect(engine).toEqual({ is: 'done' });
  expect(status.git.trouble?.text).toContain('cannot read');
  site.repo.linkUp = true;
  const again = await site.syncNow();
  expect(again.git).toEqual({ is: 'done' });
  expect(again.status.git.trouble).toBeUndefined();
  await site.stop();
});

test('a look that takes too long is told as going on', async () => {
  const clock = new VirtualClock(seededRandom(1));
  const status = { git: { commit: 'c' }, engine: {} } as SiteStatus;
  const asked = syncNow({ clock, git: () => new Promise(() => {}), engine: async () => {}, status: () => status });
  const answer = await clock.finish(asked);
  expect(answer).toMatchObject({ git: { is: 'going' }, engine: { is: 'done' } });
  expect(clock.monotonic()).toBe(SYNC_PATIENCE_MS);
});
