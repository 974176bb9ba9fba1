import { expect, test } from '@jest/globals';
import { SAVE_MS } from '../../../src/agent/history/history.ts';
import { LASTING_MS } from '../../../src/agent/history/lasting-states.ts';
import { createAjv } from '../../../src/fleet/schema/validator.ts';
import type { HistoryEntry } from '../../../src/model/status/history.ts';
import { closed, readSchema } from '../../support/values/closed-schema.ts';
import { document, wholeAgent } from '../run/whole-agent.ts';
import { kill } from '../world/engine/lifecycle.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

/** Says if a history is as schemas/site-history.schema.json has it, without any other key. */
const isHistory = createAjv().compile(closed(readSchema('site-history')));

const repoOf = (image: string, compose?: string) => ({
  'fleet.yaml': document('Fleet', { syncPolicy: { automated: { prune: true, selfHeal: true } } }),
  'sites/here.yaml': document('Site'),
  'apps/web/app.yaml': document('Application'),
  'apps/web/compose.yaml':
    compose ?? JSON.stringify({ services: { web: { image, command: ['serve'], restart: 'unless-stopped' } } }),
});

async function settled() {
  const site = wholeAgent({ images: ['web:1', 'web:2'] });
  const first = site.repo.commit(repoOf('web:1'));
  await site.start();
  await site.clock.advance(10 * MINUTE);
  const history = (): HistoryEntry[] => {
    const printed = JSON.parse(JSON.stringify({ apiVersion: 'holdfast/v1', kind: 'SiteHistory', ...site.history() }));
    expect([isHistory(printed), isHistory.errors]).toEqual([true, null]);
    return printed.entries;
  };
  const told = (): string[] => history().map(({ kind, app = '', text }) => `${kind} ${app} ${text}`);
  return { ...site, first, history, told };
}

test('commits, states that last, healed drift and the first failure of a row are told, the newest last', async () => {
  const site = await settled();
  const [web] = site.machine.containers.values();
  if (web) kill(site.machine, web, 'hand');
  await site.clock.advance(10 * MINUTE);
  site.repo.commit(repoOf('web:9'));
  site.sync();
  await site.clock.advance(2 * HOUR);
  site.repo.commit(repoOf('web:2'));
  site.sync();
  await site.clock.advance(10 * MINUTE);
  expect(site.told()).toEqual([
    expect.stringMatching(/^accepted {2}accepted [0-9a-f]+$/),
    'state web synced, healthy',
    expect.stringMatching(/^healed web start web-web-1: /),
    expect.stringMatching(/^accepted {2}accepted /),
    expect.stringMatching(/^failed web pull web:9: /),
    'state web out of sync, healthy, operation failed',
    expect.stringMatching(/^accepted {2}accepted /),
    'state web synced, healthy',
  ]);
  const times = site.history().map(({ at }) => at);
  expect(times).toEqual([...times].sort());
  expect(site.history().at(-1)?.revision).toBe(site.repo.head);
  await site.stop();
});

test('a commit that is refused, and an app that is gone, are told once', async () => {
  const site = await settled();
  site.repo.commit({ ...repoOf('web:1'), 'sites/here.yaml': 'kind: [' });
  site.sync();
  await site.clock.advance(2 * HOUR);
  await site.restart();
  await site.clock.advance(2 * HOUR);
  expect(site.told().filter((line) => line.startsWith('refused'))).toEqual([
    expect.stringMatching(/ is refused: sites\/here\.yaml:/),
  ]);
  const { 'fleet.yaml': fleet, 'sites/here.yaml': here } = repoOf('web:1');
  site.repo.commit({
    'fleet.yaml': fleet,
    'sites/here.yaml': here,
    'apps/db/app.yaml': document('Application'),
    'apps/db/compose.yaml': JSON.stringify({ services: { db: { image: 'web:2', command: ['serve'] } } }),
  });
  site.sync();
  await site.clock.advance(10 * MINUTE);
  expect(site.told().slice(-3).sort()).toEqual([
    expect.stringMatching(/^accepted /),
    'state db synced, healthy',
    'state web gone, as Git no longer names it',
  ]);
  await site.stop();
});

test('a restart, or a kill, loses nothing that was written, and tells nothing again', async () => {
  const site = await settled();
  const before = site.history();
  await site.killAgent();
  await site.clock.advance(HOUR);
  expect(site.history()).toEqual(before);
  await site.restart();
  await site.clock.advance(HOUR);
  expect(site.history()).toEqual(before);
  await site.stop();
});

test('an event of the last seconds is written when the agent is stopped', async () => {
  const site = await settled();
  site.repo.commit(repoOf('web:2'));
  await site.syncNow();
  const before = site.history();
  expect(before.at(-1)?.kind).toBe('accepted');
  await site.restart();
  expect(site.history()).toEqual(before);
  await site.stop();
});

test('a damaged file is told once, and the history begins again with what is new', async () => {
  const site = await settled();
  await site.stop();
  await site.clock.finish(site.disk.write('/state/history.json', '{"version":1,"checksum":"","content":5}'));
  site.log.length = 0;
  await site.start();
  await site.restart();
  await site.clock.advance(HOUR);
  const isTold = (line: string): boolean => line.includes('history.json is damaged');
  expect(site.log.filter(isTold)).toEqual(['/state/history.json is damaged: the history of this site begins again']);
  expect(site.told()).toEqual(['state web synced, healthy']);
  await site.restart();
  expect(site.log.filter(isTold)).toHaveLength(1);
  await site.stop();
});

test('a full disk costs no heal, is told once, and the history is written later', async () => {
  const site = await settled();
  site.disk.broken = 'ENOSPC';
  site.repo.commit(repoOf('web:2', 'services: {web: {image: 5}}'));
  const [web] = site.machine.containers.values();
  if (web) kill(site.machine, web, 'hand');
  await site.clock.advance(10 * MINUTE);
  expect(site.runs()).toBe('web:1');
  site.disk.broken = undefined;
  site.repo.commit(repoOf('web:2'));
  site.sync();
  await site.clock.advance(10 * MINUTE);
  const before = site.history();
  expect(before.some(({ kind }) => kind === 'healed')).toBe(true);
  await site.killAgent();
  expect(site.history()).toEqual(before);
  await site.stop();
});

test('an idle agent writes nothing', async () => {
  const site = await settled();
  await site.clock.advance(LASTING_MS + SAVE_MS);
  const { writes } = site.disk;
  await site.clock.advance(12 * HOUR);
  expect(site.disk.writes).toBe(writes);
  await site.stop();
});
