import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { applyApp } from '../../../src/apply/apply.ts';
import { createEffects } from '../../../src/apply/effects.ts';
import { createHostFiles } from '../../../src/apply/host-files.ts';
import { isAnonymousName } from '../../../src/container/fields/mounts.ts';
import type { Field } from '../../../src/container/fields/row/field.ts';
import { FIELDS } from '../../../src/container/fields/table.ts';
import { sameJson } from '../../../src/container/json.ts';
import type { EngineApi } from '../../../src/engine/api.ts';
import type { Engine } from '../../../src/engine/engine.ts';
import { openEngine } from '../../../src/engine/open-engine.ts';
import { systemClock } from '../../../src/lib/clock.ts';
import { emptyMemory } from '../../../src/model/memory.ts';
import type { Operation } from '../../../src/model/plan.ts';
import type { ContainerSpec } from '../../../src/model/spec.ts';
import type { ActualContainer, ActualSite, DesiredSite } from '../../../src/model/state.ts';
import { agentOptions } from '../../../src/plan/facts/policy.ts';
import { plan } from '../../../src/plan/plan.ts';
import { ENGINES, openApi, TEST_IMAGE } from '../../support/engine/engine-under-test.ts';
import { ANYWHERE } from '../../support/site/disk-files.ts';
import { app, network, service } from '../../support/site/site-builder.ts';
import { containerSpec } from '../../support/values/arbitraries.ts';

const RUNS = Number(process.env.HOLDFAST_ROUND_TRIPS ?? 4);

/** A change of these alone may contradict the rest of the spec, or keep the program from running. */
const LEFT_ALONE = new Set(['NetworkMode', 'Entrypoint', 'Cmd', 'PortBindings']);

/** Rows whose new value any engine can start a container with, whatever the others are. */
const HARMLESS = new Set<string>([
  'Labels',
  'Env',
  'StopTimeout',
  'StopSignal',
  'RestartPolicy',
  'Tty',
  'OpenStdin',
  'WorkingDir',
  'CapAdd',
  'NanoCpus',
  'CpuShares',
  'PidsLimit',
  'OomScoreAdj',
  'ReadonlyRootfs',
  'DeviceCgroupRules',
  'LogConfig',
]);

/** A spec that runs until it is stopped, and takes nothing of the machine that others may have. */
function running(spec: ContainerSpec, engine: string): ContainerSpec {
  const { PortBindings: _, Env, GroupAdd, Healthcheck, Ulimits, Mounts, ...rest } = spec;
  const result: ContainerSpec = { ...rest, Entrypoint: ['/bin/sleep'], Cmd: ['1000'] };
  // The program takes no notice of the signal.
  result.StopTimeout = Math.min(rest.StopTimeout ?? 0, 1);
  // `/dev/zero` is no block device, and the kernel is asked at the start.
  for (const name of ['ReadBps', 'ReadIOps', 'WriteBps', 'WriteIOps'] as const) delete result[`BlkioDevice${name}`];
  // Not every machine's root is a shared mount.
  if (Mounts)
    result.Mounts = Mounts.map((mount) => (mount.Propagation ? { ...mount, Propagation: 'rprivate' } : mount));
  // Asked for one limit, Podman raises all others to a million, which it may not where it is limited itself.
  if (Ulimits && engine !== 'Podman') result.Ulimits = Ulimits;
  // The image knows no such group.
  if (GroupAdd?.some((group) => group !== 'audio')) result.GroupAdd = GroupAdd.filter((group) => group !== 'audio');
  // Podman takes it for a variable of its own process.
  if (Env) result.Env = Object.fromEntries(Object.entries(Env).filter(([, value]) => value !== null));
  // One that fails would be restarted.
  if (Healthcheck)
    result.Healthcheck = Healthcheck.Test?.[0] === 'NONE' ? Healthcheck : { ...Healthcheck, Test: ['CMD', 'true'] };
  return result;
}

for (const [name, host] of Object.entries(ENGINES)) {
  const suite = host ? describe : describe.skip;
  suite(`round trips on ${name}`, () => {
    const prefix = `trip-${Math.random().toString(36).slice(2, 8)}`;
    const networks = [`${prefix}-back`, `${prefix}-front`];
    let api: EngineApi;
    let engine: Engine;

    beforeAll(async () => {
      api = await openApi(host ?? '');
      engine = openEngine(api, { site: prefix, clock: systemClock });
      for (const each of networks) await api.createNetwork({ Name: each, CheckDuplicate: true });
    });
    afterAll(async () => {
      await removeAll();
      for (const { Name } of await api.listVolumes()) if (Name.startsWith(prefix)) await api.removeVolume(Name);
      for (const each of networks) await api.removeNetwork(each);
      engine.close();
    });

    const desiredOf = (spec: ContainerSpec): DesiredSite => ({
      site: prefix,
      revision: 'r',
      apps: [app(prefix, service('web', spec), ...networks.map((each) => network(each, { Name: each }, true)))],
      broken: [],
      allowEmpty: false,
      pruneThreshold: 100,
      confirmPrune: [],
    });
    const observe = (): Promise<ActualSite> => {
      engine.forget();
      return engine.observe({ images: [TEST_IMAGE] });
    };
    const operations = (desired: DesiredSite, actual: ActualSite): Operation[] => {
      const { apps } = plan(desired, actual, emptyMemory(), systemClock.monotonic(), agentOptions);
      const problems = apps.flatMap((each) => each.problems).filter(({ severity }) => severity === 'error');
      expect(problems).toEqual([]);
      return apps.flatMap((each) => each.operations);
    };
    /** Carries a plan out, and resolves to what there is then, of which a second plan must have nothing to change. */
    const bringAbout = async (desired: DesiredSite): Promise<{ actual: ActualSite; container: ActualContainer }> => {
      const { apps } = plan(desired, await observe(), emptyMemory(), systemClock.monotonic(), agentOptions);
      const effects = createEffects(engine, createHostFiles(ANYWHERE));
      for (const each of apps) {
        const { results } = await applyApp(each, effects, { signal: new AbortController().signal });
        const failed = results.filter(({ status }) => status === 'failed');
        // A container that this machine's kernel refuses to start says nothing about plans.
        fc.pre(!failed.some(({ operation }) => operation.kind === 'startContainer'));
        expect(failed).toEqual([]);
      }
      const actual = await observe();
      expect(operations(desired, actual)).toEqual([]);
      expect(actual.containers).toHaveLength(1);
      return { actual, container: actual.containers[0] as ActualContainer };
    };
    const removeAll = async (): Promise<void> => {
      for (const { id } of (await observe()).containers) {
        const { Mounts } = await api.inspectContainer(id);
        await api.removeContainer(id, true);
        for (const { Name = '' } of Mounts ?? []) if (isAnonymousName(Name)) await api.removeVolume(Name);
      }
    };

    /** True if the change of this row means something else on this engine. */
    const isOther = (field: Field, was: ContainerSpec, is: ContainerSpec, { actual, container }: Found): boolean => {
      const { can } = actual.engine;
      if (can.unreported.includes(field.name)) return false;
      const image = actual.images[container.imageId]?.config;
      const [before, after] = [was, is].map((desired) =>
        field.wanted({ desired, observed: container.spec, image, can }),
      );
      // A value that the engine chooses is no difference when none is asked for.
      return !sameJson(before, after) && !(after === undefined && before !== undefined && field.engineDefault(before));
    };

    test(
      'after an apply the plan is empty, and after one change it is exactly that',
      async () => {
        const specs = containerSpec({ image: TEST_IMAGE, networks, volumes: `${prefix}-` }).map((spec) =>
          running(spec, name),
        );
        await fc.assert(
          fc.asyncProperty(specs, specs, fc.nat(50), async (spec, other, which) => {
            try {
              const found = await bringAbout(desiredOf(spec));
              const changed = FIELDS.filter(({ name }) => !LEFT_ALONE.has(name)).map((field) => {
                const { [field.name]: _, ...without } = spec;
                const value = other[field.name];
                const next = (value === undefined ? without : { ...spec, [field.name]: value }) as ContainerSpec;
                // A value of one row may be compared in another, such as a tmpfs that is written as a mount.
                return { field, next, rows: FIELDS.filter((row) => isOther(row, spec, next, found)) };
              });
              for (const { field, next, rows } of changed) {
                const planned = operations(desiredOf(next), found.actual);
                if (rows.length > 0) expectOnly(field, rows, next, planned, found);
                else expect([field.name, planned]).toEqual([field.name, []]);
              }
              const candidates = changed.filter(({ field, rows }) => rows.includes(field) && HARMLESS.has(field.name));
              const chosen = candidates[which % Math.max(1, candidates.length)];
              if (!chosen) return;
              const { container } = await bringAbout(desiredOf(chosen.next));
              const inPlace = isInPlace(chosen.field, chosen.next, found);
              expect([chosen.field.name, container.id === found.container.id]).toEqual([chosen.field.name, inPlace]);
            } finally {
              await removeAll();
            }
          }),
          // A counterexample is whole as it is, and each step of making it smaller costs seconds.
          { numRuns: RUNS, endOnFailure: true },
        );
      },
      RUNS * 60_000,
    );
  });
}

interface Found {
  actual: ActualSite;
  container: ActualContainer;
}

const isInPlace = (field: Field, next: ContainerSpec, { actual, container }: Found): boolean => {
  const { can } = actual.engine;
  const image = actual.images[container.imageId]?.config;
  const comparison = { desired: next, observed: container.spec, image, can };
  const hasValue = field.wanted(comparison) !== undefined;
  return can.update && ((field.inPlace && hasValue) || (field.name === 'MemorySwap' && next.Memory !== undefined));
};

/** The plan changes these rows and no other: in place where the engine can, else by a replacement whose reason names just them. */
function expectOnly(field: Field, rows: Field[], next: ContainerSpec, planned: Operation[], found: Found): void {
  const kinds = new Set(planned.map(({ kind }) => kind));
  const reasons = planned.map(({ reason }) => reason).join('\n');
  const named = FIELDS.filter(({ label }) =>
    new RegExp(`(^|[ ;])${label.replace('.', '\\.')}(:| differs)`, 'm').test(reasons),
  );
  expect([field.name, named.map(({ name }) => name)]).toEqual([field.name, rows.map(({ name }) => name)]);
  const expected = rows.every((row) => isInPlace(row, next, found))
    ? ['updateContainer']
    : expect.arrayContaining(['createContainer', 'removeContainer']);
  expect([field.name, [...kinds]]).toEqual([field.name, expected]);
}
