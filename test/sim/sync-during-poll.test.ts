import { expect, test } from '@jest/globals';
import { startAgent } from '../../src/agent/agent.ts';
import { openEngine } from '../../src/engine/open-engine.ts';
import { SourceError } from '../../src/lib/errors.ts';
import { shortRevision } from '../../src/lib/text/revision.ts';
import type { Source } from '../../src/source/source.ts';
import { filesOn } from '../support/site/disk-files.ts';
import { docker20 } from './world/engine/profiles.ts';
import { seededRandom } from './world/random.ts';
import { SimulatedDisk } from './world/simulated-disk.ts';
import { SimulatedEngine } from './world/simulated-engine.ts';
import { SimulatedSource } from './world/simulated-source.ts';
import { VirtualClock } from './world/virtual-clock.ts';

const HOUR = 3_600_000;
const document = (kind: string): string => JSON.stringify({ apiVersion: 'holdfast/v1', kind, spec: {} });
const repoOf = (image: string) => ({
  'fleet.yaml': document('Fleet'),
  'sites/here.yaml': document('Site'),
  'apps/web/app.yaml': document('Application'),
  'apps/web/compose.yaml': JSON.stringify({ services: { web: { image, command: ['serve'] } } }),
});

/** A whole agent that looks once an hour, and whose polls are answered when the test says so, by what was so when they were asked. */
async function world() {
  const random = seededRandom(7);
  const clock = new VirtualClock(random.fork('clock'));
  const machine = new SimulatedEngine(clock, random, docker20, 'here');
  for (const image of ['app:1', 'app:2'])
    machine.machine.images.put(image, machine.machine.images.make({ Cmd: ['serve'] }));
  const repo = new SimulatedSource(clock, random);
  repo.commit(repoOf('app:1'));
  const open = repo.open(() => true);
  const held: { answer: () => void; fail: () => void }[] = [];
  const source: Source = {
    ...open,
    poll: async (signal, pin) => {
      const answer = await open.poll(signal, pin);
      await new Promise<void>((resolve, reject) => {
        held.push({ answer: resolve, fail: () => reject(new SourceError('unreachable', 'the link is gone')) });
      });
      return answer;
    },
  };
  const log: string[] = [];
  const say = (text: string): void => void log.push(text);
  const disk = new SimulatedDisk(clock, random.fork('disk'));
  const engine = openEngine(machine.api('agent'), { site: 'here', clock });
  const agent = await clock.finish(
    startAgent({
      clock,
      disk,
      files: filesOn(disk),
      engine,
      source,
      log: { debug() {}, info: say, warn: say, error: say },
      repo: 'http://git.example/fleet.git',
      revision: '',
      site: 'here',
      stateDir: '/state',
      program: 'test',
      compile: async () => ({ filesDir: '/files' }),
      intervalMs: HOUR,
      resyncMs: HOUR,
    }),
  );
  return {
    agent,
    clock,
    repo,
    held,
    log,
    sees: (count: number) => clock.runUntil(() => held.length === count, HOUR / 2),
    accepts: (commit: string) => clock.runUntil(() => log.includes(`accepted ${shortRevision(commit)}`), HOUR / 2),
    end: async () => {
      for (const { answer } of held) answer();
      await clock.finish(agent.stop());
      engine.close();
    },
  };
}

test.each(['answer', 'fail'] as const)(
  'a sync during a poll leads to another look at once, also where that poll comes to an end by: %s',
  async (how) => {
    const { agent, repo, held, sees, accepts, end } = await world();
    expect(await sees(1)).toBe(true);
    const announced = repo.commit(repoOf('app:2'));
    agent.sync();
    held[0]?.[how]();
    expect(await sees(2)).toBe(true);
    held[1]?.answer();
    expect(await accepts(announced)).toBe(true);
    await end();
  },
);

test('several syncs during one poll are one more look, and one that comes during that look is one more again', async () => {
  const { agent, clock, repo, held, sees, accepts, end } = await world();
  expect(await sees(1)).toBe(true);
  for (let i = 0; i < 3; i++) agent.sync();
  held[0]?.answer();
  expect(await sees(2)).toBe(true);
  const announced = repo.commit(repoOf('app:2'));
  agent.sync();
  held[1]?.answer();
  expect(await sees(3)).toBe(true);
  held[2]?.answer();
  expect(await accepts(announced)).toBe(true);
  await clock.advance(HOUR / 4);
  expect(held).toHaveLength(3);
  await end();
});
