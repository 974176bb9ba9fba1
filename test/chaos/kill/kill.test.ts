import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { request } from 'node:http';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { mustAsk, socketOf } from '../../../scripts/machine/engine-http.ts';
import { until } from '../../../scripts/machine/processes.ts';
import { acceptedStore } from '../../../src/agent/state/accepted.ts';
import { createMemoryStore } from '../../../src/agent/state/memory-store.ts';
import { systemDisk } from '../../../src/lib/disk.ts';
import type { AgentProcess } from '../../support/program/holdfast-process.ts';
import {
  app,
  type ChaosSite,
  chaosSite,
  describeChaos,
  fleet,
  IMAGE,
  IMAGE_2,
  staying,
} from '../../support/site/chaos-site.ts';
import { networksOf, type Running, volumesOf } from '../../support/site/site.ts';

/** Numbers in [0, 1) that are the same at each run (mulberry32). */
function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** The content of Git, which alternates, so that each step replaces, adds and prunes. */
const shape = (site: ChaosSite, step: number) => {
  const odd = step % 2 === 1;
  const image = odd ? IMAGE : IMAGE_2;
  return {
    images: { web: image, db: IMAGE, ...(odd ? { extra: IMAGE } : { other: IMAGE }), ...(odd && { job: IMAGE }) },
    change: {
      ...app(
        site,
        'a',
        staying(
          {
            web: {
              image,
              environment: { STEP: `${step}` },
              depends_on: ['db'],
              configs: [{ source: 'c', target: '/etc/c' }],
            },
            db: { volumes: ['data:/data'] },
            ...(odd ? { extra: { networks: ['side'] } } : { other: {} }),
          },
          { volumes: { data: {} }, configs: { c: { file: './c.txt' } }, ...(odd && { networks: { side: {} } }) },
        ),
      ),
      [`apps/${site.app('a')}/c.txt`]: `step ${step}\n`,
      ...(odd
        ? app(site, 'b', staying({ job: {} }))
        : { [`apps/${site.app('b')}/app.yaml`]: null, [`apps/${site.app('b')}/compose.yaml`]: null }),
    },
  };
};

/** Exactly what Git says: one container a place under its own name, nothing left over, and all of them up. */
function isAsGitSays(site: ChaosSite, step: number, found: Running[]): boolean {
  const wanted = Object.entries(shape(site, step).images).map(
    ([service, image]) => `${site.app(service === 'job' ? 'b' : 'a')}-${service}-1 ${image} running`,
  );
  const there = found.map(({ name, image, state }) => `${name} ${image} ${state}`);
  return wanted.sort().join('\n') === there.sort().join('\n');
}

/** Resolves after the N-th event of the site's containers. */
async function afterEvents({ host, name }: ChaosSite, count: number, signal: AbortSignal): Promise<void> {
  const outgoing = request({
    socketPath: socketOf(host),
    path: `/events?filters=${encodeURIComponent(JSON.stringify({ label: [`dev.holdfast.site=${name}`] }))}`,
    agent: false,
    signal,
    headers: { Host: 'e' },
  });
  outgoing.end();
  const [incoming] = await once(outgoing, 'response');
  let seen = 0;
  for await (const chunk of incoming) {
    seen += String(chunk).split('\n').length - 1;
    if (seen >= count) break;
  }
}

describeChaos('an agent that is killed at any moment', () => {
  let site: ChaosSite;
  let step = 0;
  const random = seeded(20_241_121);

  beforeAll(async () => {
    site = await chaosSite();
    await site.repo.commit(fleet(site));
  }, 60_000);
  afterAll(() => site?.close(), 60_000);

  const commit = async (): Promise<void> => {
    step += 1;
    await site.repo.commit(shape(site, step).change);
  };

  const stateIsReadable = async (): Promise<void> => {
    const { problems } = await acceptedStore(systemDisk, join(site.stateDir, 'accepted'), 'test').load();
    const { problem } = await createMemoryStore(systemDisk, join(site.stateDir, 'memory.json')).read();
    expect([...problems, problem]).toEqual([undefined]);
  };

  /** A life that is killed when `moment` comes, or shortly after it has nothing left to do. */
  const killAt = async (moment: (life: AgentProcess, signal: AbortSignal) => Promise<unknown>): Promise<void> => {
    const over = new AbortController();
    const life = await site.start();
    const patience = AbortSignal.timeout(2500);
    await Promise.race([moment(life, over.signal).catch(() => undefined), once(patience, 'abort')]);
    await life.end('SIGKILL');
    over.abort();
    await stateIsReadable();
  };

  const converges = async (): Promise<void> => {
    const from = (await site.log()).length;
    const life = await site.start();
    await site.sees(/^(accepted|enforcing)/, { from });
    await site.becomes(`step ${step}`, (found) => isAsGitSays(site, step, found), 45_000);
    const text = await readFile(join(site.filesDir, site.app('a'), 'c.txt'), 'utf8');
    expect(text).toBe(`step ${step}\n`);
    expect(await volumesOf(site.host, site.name)).toEqual([`${site.app('a')}_data`]);
    const networks = [
      `${site.app('a')}_default`,
      ...(step % 2 ? [`${site.app('a')}_side`, `${site.app('b')}_default`] : []),
    ];
    expect(await until(async () => (await networksOf(site.host, site.name)).join() === networks.join(), 5000)).toBe(
      true,
    );
    expect(await life.end('SIGTERM')).toEqual({ code: 0, signal: null });
    await stateIsReadable();
  };

  /** The time when the volume was made: it is the same at the end, so nothing made the volume again. */
  const bornAt = async (): Promise<string> =>
    (JSON.parse(await mustAsk(site.host, 'GET', `/volumes/${site.app('a')}_data`)) as { CreatedAt: string }).CreatedAt;
  let born = '';

  test('during the first sync, after each few lines of its log', async () => {
    await commit();
    for (const lines of [1, 2, 4, 6, 9]) {
      const from = (await site.log()).length;
      await killAt(() => until(async () => (await site.log()).length >= from + lines, 2500));
    }
    await converges();
    born = await bornAt();
  }, 120_000);

  test('during replace and prune, after the N-th event of the engine', async () => {
    for (const counts of [
      [1, 3],
      [5, 8],
      [11, 15],
    ]) {
      await commit();
      for (const count of counts) await killAt((_, signal) => afterEvents(site, count, signal));
      await converges();
    }
  }, 240_000);

  test('at any millisecond, and at any request to the Git server', async () => {
    for (let round = 0; round < 3; round++) {
      await commit();
      for (let kill = 0; kill < 3; kill++) {
        const ms = Math.round(150 + random() * 900);
        await killAt(() => once(AbortSignal.timeout(ms), 'abort'));
      }
      await converges();
    }
    for (const requests of [1, 2]) {
      await commit();
      const from = site.git.traffic.length;
      await killAt(() => until(() => site.git.traffic.length >= from + requests, 2500));
      await converges();
    }
    expect(await bornAt()).toBe(born);
  }, 240_000);
});
