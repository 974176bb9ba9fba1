import * as http from 'node:http';
import type { AddressInfo } from 'node:net';
import { deflateSync } from 'node:zlib';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { mustAsk } from '../../../scripts/machine/engine-http.ts';
import { until } from '../../../scripts/machine/processes.ts';
import { type Behaviour, type HostileFront, startHostileFront } from '../../support/hostile/hostile-front.ts';
import type { TestRegistry } from '../../support/net/registry.ts';
import { type BuiltAgent, builtAgent } from '../../support/program/built-agent.ts';
import { type AgentProcess, holdfast } from '../../support/program/holdfast-process.ts';
import { type MemoryWatch, watchMemory } from '../../support/program/memory-watch.ts';
import {
  app,
  type ChaosSite,
  chaosSite,
  describeChaos,
  fleet,
  PATIENCE_MS,
  staying,
} from '../../support/site/chaos-site.ts';
import { killByHand } from '../../support/site/site.ts';

const ENVIRONMENT = { HOLDFAST_GIT_USERNAME: 'edge', HOLDFAST_GIT_PASSWORD: 'open-sesame-4711' };

/** A server on this machine that nothing may connect to, and the connections that came. */
export const elsewhere = { address: '', told: 0 };
const canary = http.createServer((request, response) => {
  if (request.method === 'POST' || request.headers.authorization !== undefined) elsewhere.told += 1;
  response.writeHead(401, { 'WWW-Authenticate': 'Basic realm="elsewhere"' }).end('{}');
});
let built: BuiltAgent;

beforeAll(async () => {
  await new Promise<void>((resolve) => canary.listen(0, '127.0.0.1', resolve));
  elsewhere.address = `127.0.0.1:${(canary.address() as AddressInfo).port}`;
  built = await builtAgent();
}, 60_000);
afterAll(async () => {
  canary.closeAllConnections();
  canary.close();
  await built?.remove();
});

/** Bombs take a while to make: each is made when it is first sent. */
export function once<T>(make: () => T): () => T {
  let made: { value: T } | undefined;
  return () => {
    made ??= { value: make() };
    return made.value;
  };
}

export const zeros = (size: number): Buffer => deflateSync(Buffer.alloc(size), { level: 1 });
export const times = (count: number, raw: Buffer): { raw: Buffer }[] => Array.from({ length: count }, () => ({ raw }));

/** A kind of server, and all that it does to who asks it. */
export interface HostileServer {
  /** Made again for each suite, by name. */
  behaviours: () => Record<string, Behaviour>;
  /** After these the agent is told to end while they go on, and begins again with them. */
  ending: readonly string[];
  /** The message of the limit or rule that ends each one, so that each does what its name says. */
  said: Record<string, RegExp>;
  /** Starts the registry, for servers that do not speak Git. */
  serve?: () => Promise<TestRegistry>;
}

/** One agent for all that a kind of server does. */
export function hostileSuite(name: string, { behaviours, ending, said, serve }: HostileServer): void {
  describeChaos(`a server that was made to do harm ${name}`, () => {
    let site: ChaosSite;
    let front: HostileFront;
    let agent: AgentProcess;
    let memory: MemoryWatch;
    let publish: () => Promise<void>;
    let served: TestRegistry | undefined;
    let killed = 0;
    const names = Object.keys(behaviours());
    const all = once(behaviours);
    /** One for each time that something is broken by hand: the same one again and again would be mended more and more slowly. */
    const SPARES = names.length + ending.length + 1;
    const spares = Object.fromEntries(Array.from({ length: SPARES }, (_, i) => [`w${i}`, {}]));

    const begins = async (): Promise<void> => {
      const limits = ['--interval', '500ms', '--git-timeout', '1s', '--git-total-timeout', '3s'];
      agent = await site.start({
        args: limits,
        command: built.command,
        env: { ...built.env, ...ENVIRONMENT },
      });
      memory = watchMemory(agent.pid);
    };
    const ends = async (): Promise<void> => {
      process.kill(agent.pid, 'SIGTERM');
      expect(await until(async () => agent.hasExited(), PATIENCE_MS)).toBe(true);
      expect(await agent.exited).toEqual({ code: 0, signal: null });
      memory.stop();
    };
    const heals = async (): Promise<void> => {
      const name = `${site.app('a')}-w${killed++}-1`;
      const state = async (): Promise<{ Running: boolean; StartedAt: string }> =>
        JSON.parse(await mustAsk(site.host, 'GET', `/containers/${name}/json`)).State;
      const before = await state();
      await killByHand(site.host, name);
      const isBack = async (): Promise<boolean> => {
        const { Running, StartedAt } = await state();
        return Running && StartedAt !== before.StartedAt;
      };
      expect(await until(isBack, PATIENCE_MS)).toBe(true);
    };
    const looks = (): boolean => process.kill(agent.pid, 'SIGHUP');

    beforeAll(async () => {
      site = await chaosSite();
      served = await serve?.();
      const store = served;
      front = await startHostileFront(store?.address ?? new URL(site.git.url).host, ({ method, body }) =>
        store ? method === 'HEAD' || method === 'TLS' : body.includes('command=ls-refs'),
      );
      site.url = store ? `oci://${front.address}/fleet:main` : `http://${front.address}/fleet.git`;
      publish = async () => {
        if (!store) return;
        const { code, stderr } = await holdfast(['push', site.repo.dir, site.url]);
        expect([code, stderr]).toEqual([0, '']);
      };
      await site.repo.commit({ ...fleet(site), ...app(site, 'a', staying(spares)) });
      await publish();
      await begins();
      await site.becomes(
        'all run',
        (found) => found.filter(({ state }) => state === 'running').length === SPARES,
        40_000,
      );
    }, 90_000);
    afterAll(async () => {
      memory?.stop();
      await front?.close();
      await site?.close();
      await served?.remove();
    }, 60_000);

    test.each(names)('%s: it is left alone, and the site is kept', async (name) => {
      const from = (await site.log()).length;
      front.behave(all()[name]);
      looks();
      expect(await until(async () => front.begun > 0, PATIENCE_MS)).toBe(true);
      await heals();
      if (ending.includes(name)) {
        await ends();
        await begins();
        await heals();
      }
      // The next question comes after the end of the one before.
      const { begun } = front;
      looks();
      expect(await until(async () => front.begun > begun, PATIENCE_MS)).toBe(true);
      await site.sees(said[name] ?? /cannot read|is refused/, { from });
      expect(agent.hasExited()).toBe(false);
      expect(await memory.peak()).toBeLessThan(built.memoryLimit);
      expect(elsewhere.told).toBe(0);
    });

    test('is followed again once it does what it should, and nothing of it steers a terminal', async () => {
      front.behave(undefined);
      await site.repo.commit(app(site, 'b', staying({ web: {} })));
      await publish();
      looks();
      await site.becomes('the new app runs', (found) =>
        found.some(({ app: name, state }) => name === site.app('b') && state === 'running'),
      );
      await heals();
      await ends();
      for (const { message } of await site.log()) {
        expect(message).not.toMatch(/\p{Cc}/u);
        expect(message.length).toBeLessThan(2000);
      }
      expect(JSON.stringify(await site.log())).not.toContain(ENVIRONMENT.HOLDFAST_GIT_PASSWORD);
    });
  });
}
