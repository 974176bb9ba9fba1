import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ask, mustAsk } from '../../../scripts/machine/engine-http.ts';
import { until } from '../../../scripts/machine/processes.ts';
import { createReconciler, type Reconciler } from '../../../src/agent/reconcile/reconciler.ts';
import { createMemoryStore, type MemoryStore, rebase } from '../../../src/agent/state/memory-store.ts';
import { createEffects } from '../../../src/apply/effects.ts';
import { createHostFiles } from '../../../src/apply/host-files.ts';
import { compileSite } from '../../../src/compose/compile-site.ts';
import type { Engine } from '../../../src/engine/engine.ts';
import { openEngine } from '../../../src/engine/open-engine.ts';
import { placeSite } from '../../../src/fleet/place-site.ts';
import { type Clock, systemClock } from '../../../src/lib/clock.ts';
import { systemDisk } from '../../../src/lib/disk.ts';
import type { Plan } from '../../../src/model/plan.ts';
import { agentOptions } from '../../../src/plan/facts/policy.ts';
import { describe } from '../../../src/plan/print/render.ts';
import { openApi } from '../engine/engine-under-test.ts';
import { memorySnapshot } from '../values/memory-snapshot.ts';
import { ANYWHERE } from './disk-files.ts';
import { execIn, removeSite } from './site.ts';

/** The part of an inspect that tests look at. */
export interface Inspected {
  Id: string;
  Name: string;
  Config: { Image: string; Cmd: string[] | null; Env: string[]; Labels: Record<string, string> };
  HostConfig: {
    Memory: number;
    NanoCpus: number;
    NetworkMode: string;
    RestartPolicy: { Name: string };
  };
  State: { Status: string; ExitCode: number; StartedAt: string; Health?: { Status: string } };
  NetworkSettings: { Networks: Record<string, { Aliases: string[] | null; NetworkID: string }> };
}

export interface Commit {
  spec?: object;
  files?: Record<string, string>;
  /** The app's name, if it has another one from now on. */
  called?: string;
  /** Compose files of other apps of the site, by name. */
  beside?: Record<string, object>;
}

/** One app of a site of its own, kept on a real engine by the agent's own loop, in this process. */
export interface KeptSite {
  host: string;
  site: string;
  app: string;
  dir: string;
  /** `APP-web-1`. */
  name(service: string, number?: number): string;
  /** Commits, as it were, and waits until the site is so. `spec` is the Application's. */
  commit(compose: object, options?: Commit): Promise<void>;
  /** Commits and waits for nothing. */
  desire(compose: object, options?: Commit): Promise<void>;
  /** Looks again, and waits until the site is as it should be. */
  converges(ms?: number): Promise<void>;
  /** The agent dies; another one takes over with what was on the disk. */
  nextLife(): Promise<void>;
  /** No agent keeps it until the next one. */
  die(): Promise<void>;
  plan(): Plan | undefined;
  log: string[];
  inspect(service: string, number?: number): Promise<Inspected>;
  /** Runs a command in a container of the app and gives what it printed. */
  exec(service: string, command: string[], number?: number): Promise<string>;
  /** The same in a container by its name or ID. */
  execIn(container: string, command: string[]): Promise<string>;
  close(): Promise<void>;
}

/** The agent's own waits are a fifth as long as they would be; the engine has its own time, and the wall clock is everybody's. */
const HASTE = 5;
const hastyClock: Clock = {
  ...systemClock,
  monotonic: () => systemClock.monotonic() * HASTE,
  timer: (ms, callback) => systemClock.timer(ms / HASTE, callback),
};

export async function keptSite(host: string): Promise<KeptSite> {
  const id = randomBytes(4).toString('hex');
  const [site, app] = [`kept-${id}`, `kept${id}`];
  const dir = await mkdtemp(join(tmpdir(), 'hf-kept-'));
  const log: string[] = [];
  const seen: { last?: { plan: Plan; busy: boolean } | undefined } = {};
  let life: { engine: Engine; reconciler: Reconciler; unwatch: () => void } | undefined;
  let desired: Parameters<Reconciler['desire']>[0] | undefined;
  let revisions = 0;

  const say = (message: string): void => {
    log.push(message);
  };
  async function begin(): Promise<NonNullable<typeof life>> {
    const engine = openEngine(await openApi(host), { site, clock: systemClock });
    const store: MemoryStore = createMemoryStore(systemDisk, join(dir, 'memory.json'));
    const { stored } = await store.read();
    const effects = createEffects(engine, createHostFiles(ANYWHERE));
    const reconciler = createReconciler(rebase(stored, hastyClock.monotonic(), hastyClock.random), {
      effects,
      clock: hastyClock,
      log: { debug() {}, info: say, warn: say, error: say },
      store,
      options: agentOptions,
      onPlan: (plan, _actual, busy) => {
        seen.last = { plan, busy };
      },
    });
    return { engine, reconciler, unwatch: engine.watch(() => reconciler.trigger()) };
  }

  const kept: KeptSite = {
    host,
    site,
    app,
    dir,
    log,
    name: (service, number = 1) => `${app}-${service}-${number}`,
    plan: () => seen.last?.plan,

    async desire(compose, { spec = {}, files = {}, called = app, beside = {} } = {}) {
      const document = (kind: string, more: object) => JSON.stringify({ apiVersion: 'holdfast/v1', kind, spec: more });
      const snapshot = memorySnapshot({
        'fleet.yaml': document('Fleet', {
          pruneThreshold: 100,
          syncPolicy: { automated: { prune: true, selfHeal: true, allowEmpty: true } },
        }),
        [`sites/${site}.yaml`]: document('Site', { allowEmpty: true }),
        ...Object.fromEntries(
          Object.entries({ ...beside, [called]: compose }).flatMap(([name, file]) => [
            [`apps/${name}/app.yaml`, document('Application', name === called ? spec : {})],
            [`apps/${name}/compose.yaml`, JSON.stringify(file)],
          ]),
        ),
        ...Object.fromEntries(Object.entries(files).map(([path, text]) => [`apps/${called}/${path}`, text])),
      });
      revisions += 1;
      const committed = Object.assign(snapshot, { revision: String(revisions).repeat(40).slice(0, 40) });
      const placed = await placeSite(committed, { site });
      desired = await compileSite(placed, committed, { filesDir: join(dir, 'files') });
      if (desired.broken.length > 0) throw new Error(JSON.stringify(desired.broken));
      seen.last = undefined;
      life ??= await begin();
      life.reconciler.desire(desired);
    },
    async commit(compose, options) {
      await kept.desire(compose, options);
      await kept.converges();
    },
    async converges(ms = 60_000) {
      const isSettled = (): boolean =>
        seen.last?.busy === false && seen.last.plan.apps.every(({ operations }) => operations.length === 0);
      const settles = async (): Promise<boolean> => {
        seen.last = undefined;
        life?.engine.forget();
        life?.reconciler.trigger();
        return until(isSettled, ms);
      };
      // The first pass that tells something may have looked before what the test has just done.
      if ((await settles()) && (await settles())) return;
      const operations = kept
        .plan()
        ?.apps.flatMap((each) => [
          ...each.problems.map(({ message }) => `! ${message}`),
          ...each.operations.map(
            (one) => `${describe(one)}: ${one.reason}${one.withheld ? ` [${one.withheld.text}]` : ''}`,
          ),
        ]);
      throw new Error(
        `not as it should be after ${ms} ms:\n${operations?.join('\n')}\n--\n${log.slice(-30).join('\n')}`,
      );
    },
    async nextLife() {
      await kept.die();
      life = await begin();
      if (desired) life.reconciler.desire(desired);
    },
    async die() {
      life?.unwatch();
      await life?.reconciler.stop();
      life?.engine.close();
      life = undefined;
      seen.last = undefined;
    },
    inspect: async (service, number = 1) =>
      JSON.parse(await mustAsk(host, 'GET', `/containers/${kept.name(service, number)}/json`)) as Inspected,
    exec: (service, command, number = 1) => kept.execIn(kept.name(service, number), command),
    execIn: (container, command) => execIn(host, container, command),
    async close() {
      await kept.die();
      await removeSite(host, site);
      // Things made by hand under its names do not have its labels.
      for (const key of ['default', 'other']) await ask(host, 'DELETE', `/networks/${app}_${key}`);
      await ask(host, 'DELETE', `/volumes/${app}_data`);
      await rm(dir, { recursive: true, force: true });
    },
  };
  return kept;
}
