import { expect } from '@jest/globals';
import type { SyncWindow } from '../../../src/model/sync-window.ts';
import { document, wholeAgent } from '../run/whole-agent.ts';
import { kill } from '../world/engine/lifecycle.ts';

export const MINUTE = 60_000;
export const HOUR = 60 * MINUTE;
/** Noon in Lisbon, in June. */
export const NOON = Date.UTC(2026, 5, 1, 11);
const ON = { automated: { prune: true, selfHeal: true } };
export const NIGHT = { kind: 'allow', schedule: '0 2 * * *', duration: '2h' };

type Windows = Omit<SyncWindow, 'at'>[];

export const repoOf = (images: Record<string, string>, windows: object[], fleet: object = {}) => ({
  'fleet.yaml': document('Fleet', { syncPolicy: ON, ...fleet }),
  'sites/here.yaml': document('Site', { timeZone: 'Europe/Lisbon' }),
  'apps/shop/app.yaml': document('Application', { syncWindows: windows as Windows }),
  'apps/shop/compose.yaml': JSON.stringify({
    services: Object.fromEntries(
      Object.entries(images).map(([name, image]) => [
        name,
        // It ignores the signal to stop, so that stopping it takes a minute.
        {
          image,
          command: ['sleep', '1000000'],
          stop_grace_period: '60s',
          ...(name === 'db' && { depends_on: ['web'] }),
        },
      ]),
    ),
  }),
});

interface Options {
  /** The time that the clock of the site shows at noon in Lisbon. */
  shows?: number;
  /** The server gives the right time with each answer. Default true. */
  tellsTime?: boolean;
}

/** A site at noon. */
export function siteAtNoon({ shows = NOON, tellsTime = true }: Options = {}) {
  let boot = 1;
  let tell: (date: number) => void = () => {};
  const trueTime = (): number => NOON + clock.monotonic();
  const site = wholeAgent({
    seed: 11,
    shows,
    images: [],
    offered: ['web:1', 'web:2', 'web:3', 'db:1', 'db:2'],
    intervalMs: 10 * MINUTE,
    agent: (source) => ({
      source: {
        ...source,
        poll: async (signal, pin) => {
          const polled = await source.poll(signal, pin);
          if (tellsTime) tell(trueTime());
          return polled;
        },
      },
      time: {
        onDate: (listener) => {
          tell = listener;
        },
        boot: { id: `run ${boot}`, uptime: () => clock.monotonic() },
      },
    }),
  });
  const { clock, machine, stop, start } = site;
  return {
    ...site,
    reboot: async (shows: number) => {
      await stop();
      boot += 1;
      clock.setWall(new Date(shows));
      await start();
    },
    /** Lets time pass until it is that late in Lisbon, on the day after the first noon. */
    until: (hour: number, minute = 0) => clock.advance(NOON + (12 + hour) * HOUR + minute * MINUTE - trueTime()),
    /** The image of the container that has or had the name of each service. */
    images: (): string =>
      [...machine.containers.values()]
        .filter(({ name }) => /^shop-(web|db)-1$/.test(name))
        .map(({ body }) => String(body.Image))
        .sort()
        .join(' '),
    killWeb: () => {
      const web = [...machine.containers.values()].find(({ body }) => String(body.Image).startsWith('web'));
      if (web) kill(machine, web, 'hand');
    },
  };
}

/** A site that runs web:1 and waits at noon for its windows, with web:2 in Git. */
export async function waiting(windows: object[] = [NIGHT], options: Options = {}) {
  const site = siteAtNoon(options);
  site.repo.commit(repoOf({ web: 'web:1', db: 'db:1' }, []));
  await site.start();
  expect(await site.became('db:1 web:1', HOUR)).toBe(true);
  await site.clock.advance(2 * MINUTE);
  site.repo.commit(repoOf({ web: 'web:2', db: 'db:1' }, windows));
  site.sync();
  await site.clock.advance(5 * MINUTE);
  expect(site.runs()).toBe('db:1 web:1');
  return site;
}
