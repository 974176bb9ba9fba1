import { expect, test } from '@jest/globals';
import { SourceError } from '../../src/lib/errors.ts';
import { shortRevision } from '../../src/lib/text/revision.ts';
import { document, wholeAgent } from './run/whole-agent.ts';

const HOUR = 3_600_000;
const repoOf = (image: string) => ({
  'fleet.yaml': document('Fleet'),
  'sites/here.yaml': document('Site'),
  'apps/web/app.yaml': document('Application'),
  'apps/web/compose.yaml': JSON.stringify({ services: { web: { image, command: ['serve'] } } }),
});

/** A site that looks once an hour, and whose polls are answered when the test says so, by what was so when they were asked. */
async function world() {
  const held: { answer: () => void; fail: () => void }[] = [];
  const site = wholeAgent({
    images: ['app:1', 'app:2'],
    intervalMs: HOUR,
    resyncMs: HOUR,
    agent: (source) => ({
      source: {
        ...source,
        poll: async (signal, pin) => {
          const answer = await source.poll(signal, pin);
          await new Promise<void>((resolve, reject) => {
            held.push({ answer: resolve, fail: () => reject(new SourceError('unreachable', 'the link is gone')) });
          });
          return answer;
        },
      },
    }),
  });
  const { clock, repo, log, start, stop } = site;
  repo.commit(repoOf('app:1'));
  await start();
  return {
    ...site,
    held,
    sees: (count: number) => clock.runUntil(() => held.length === count, HOUR / 2),
    accepts: (commit: string) => clock.runUntil(() => log.includes(`accepted ${shortRevision(commit)}`), HOUR / 2),
    end: async () => {
      for (const { answer } of held) answer();
      await stop();
    },
  };
}

test.each(['answer', 'fail'] as const)(
  'a sync during a poll leads to another look at once, also where that poll comes to an end by: %s',
  async (how) => {
    const { sync, repo, held, sees, accepts, end } = await world();
    expect(await sees(1)).toBe(true);
    const announced = repo.commit(repoOf('app:2'));
    sync();
    held[0]?.[how]();
    expect(await sees(2)).toBe(true);
    held[1]?.answer();
    expect(await accepts(announced)).toBe(true);
    await end();
  },
);

test('several syncs during one poll are one more look, and one that comes during that look is one more again', async () => {
  const { sync, clock, repo, held, sees, accepts, end } = await world();
  expect(await sees(1)).toBe(true);
  for (let i = 0; i < 3; i++) sync();
  held[0]?.answer();
  expect(await sees(2)).toBe(true);
  const announced = repo.commit(repoOf('app:2'));
  sync();
  held[1]?.answer();
  expect(await sees(3)).toBe(true);
  held[2]?.answer();
  expect(await accepts(announced)).toBe(true);
  await clock.advance(HOUR / 4);
  expect(held).toHaveLength(3);
  await end();
});
