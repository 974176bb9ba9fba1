import { expect } from '@jest/globals';
import type { Host } from '../../../src/host/host.ts';
import { document, wholeAgent } from '../run/whole-agent.ts';
import { kill } from '../world/engine/lifecycle.ts';
import { docker20 } from '../world/engine/profiles.ts';
import { restartEngine } from '../world/engine/restart.ts';

export const SECOND = 1000;
export const MINUTE = 60 * SECOND;
export const HOUR = 60 * MINUTE;

interface Repo {
  db?: string;
  pos?: string;
  /** Default: pos depends on db. */
  dependsOn?: string[] | undefined;
  /** Further keys of the Application of db. */
  dbApp?: object;
  fleet?: object;
  /** Files that are not there. */
  without?: RegExp;
  /** Keys of the Compose file of pos. */
  till?: object;
}

/** pos depends on db, which is healthy 30 s after it was started. */
export function repoOf({
  db = 'db:1',
  pos = 'pos:1',
  dependsOn = ['db'],
  dbApp,
  fleet,
  without,
  till,
}: Repo): Record<string, string> {
  const healthcheck = { test: ['CMD', 'ready', '30000'], interval: '5s', retries: 2, start_period: '1m' };
  const files = {
    'fleet.yaml': document('Fleet', {
      syncPolicy: { automated: { prune: true, selfHeal: true } },
      pruneThreshold: 100,
      ...fleet,
    }),
    'sites/here.yaml': document('Site', { allowEmpty: true }),
    'apps/db/app.yaml': document('Application', dbApp),
    'apps/db/compose.yaml': JSON.stringify({ services: { db: { image: db, healthcheck } } }),
    'apps/pos/app.yaml': document('Application', dependsOn.length > 0 ? { dependsOn } : {}),
    'apps/pos/compose.yaml': JSON.stringify({ services: { till: { image: pos, ...till } } }),
  };
  return Object.fromEntries(Object.entries(files).filter(([path]) => !without?.test(path)));
}

/** A site whose device comes and goes, and that notes each change of what runs. */
export function world(seed: number, profile = docker20) {
  let isPlugged = true;
  let tell = (): void => {};
  const host: Host = {
    hasDevice: async () => isPlugged,
    gpus: async () => undefined,
    disk: async () => 0,
    watch: (listener) => {
      tell = listener;
      return () => {};
    },
  };
  const site = wholeAgent({
    seed,
    profile,
    images: [],
    offered: ['db:1', 'db:2', 'pos:1', 'pos:2', 'pos:3'],
    intervalMs: MINUTE,
    resyncMs: 10 * MINUTE,
    agent: () => ({ host }),
  });
  const { clock, machine } = site;
  /** `db:1`, or `db:1 healthy`, of all that runs. */
  const states = (): string[] =>
    [...machine.containers.values()]
      .filter(({ status }) => status === 'running')
      .map(({ body, health }) => [String(body.Image), ...(health === 'healthy' ? ['healthy'] : [])].join(' '))
      .sort();
  const course: string[] = [];
  clock.onStep = () => {
    const now = states().join(', ');
    if (course.at(-1) !== now) course.push(now);
  };
  const find = (image: string) => [...machine.containers.values()].find(({ body }) => body.Image === image);
  return {
    ...site,
    course,
    states,
    find,
    /** The first time that something runs, in the course of the site. */
    first: (state: string): number => course.findIndex((each) => each.split(', ').includes(state)),
    fallSick: () => {
      const db = find('db:1');
      if (db) db.sick = true;
    },
    killTill: (image = 'pos:1') => {
      const till = find(image);
      if (till) kill(machine, till, 'hand');
    },
    unplug: () => {
      isPlugged = false;
      tell();
    },
    /** The engine is back at once; the agent follows. */
    reboot: async () => {
      site.kill();
      site.disk.reboot();
      restartEngine(machine, 'power', 1000);
      await clock.advance(MINUTE);
      await site.start();
    },
    waits: () => site.log.filter((line) => line.includes('it waits')),
  };
}

/** A site that runs the first versions. */
export async function settled(repo: Repo = {}, seed = 5, profile = docker20) {
  const site = world(seed, profile);
  site.repo.commit(repoOf(repo));
  await site.start();
  expect(await site.clock.runUntil(() => site.states().join() === 'db:1 healthy,pos:1', HOUR)).toBe(true);
  await site.clock.advance(5 * MINUTE);
  return site;
}
