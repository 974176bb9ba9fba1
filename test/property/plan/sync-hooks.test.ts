import { expect, test } from '@jest/globals';
import * as fc from 'fast-check';
import { emptyMemory, type Memory } from '../../../src/model/memory.ts';
import type { AppPlan, Operation } from '../../../src/model/plan.ts';
import type { ActualSite, DesiredSite, SyncHook } from '../../../src/model/state.ts';
import { isConverged } from '../../../src/plan/draft/withhold.ts';
import { noteSyncHooks, rememberMade } from '../../../src/plan/memory/sync-hooks.ts';
import { rememberConverged, updateFromOutcome, updateFromState } from '../../../src/plan/memory/update.ts';
import { describe as words } from '../../../src/plan/print/render.ts';
import { createModelEngine, type ModelEngine } from '../../support/engine/model-engine.ts';
import { actualOf, app, service } from '../../support/site/site-builder.ts';
import { carryOut } from './carry-out.ts';
import { corruptions, revisions } from './plan-arbitraries.ts';
import { planOf, RUNS, started } from './situations.ts';

/** Hooks beside the services of the generated apps, which have other names. */
interface Hooks {
  preSync: 'once' | 'crash';
  postSync: boolean;
  syncFail: boolean;
  /** The PreSync hook needs the service that comes first by name. */
  needs: boolean;
}

const hooks: fc.Arbitrary<Hooks> = fc.record({
  preSync: fc.constant('once'),
  postSync: fc.boolean(),
  syncFail: fc.boolean(),
  needs: fc.boolean(),
});

const withHooks = (site: DesiredSite, { preSync, postSync, syncFail, needs }: Hooks): DesiredSite => ({
  ...site,
  apps: site.apps.map((each) => {
    const first = each.services[0]?.name;
    const parts = [
      service('pre', { Cmd: [preSync] }, { hook: 'PreSync', ...(needs && first && { dependsOn: [first] }) }),
      ...(postSync ? [service('post', { Cmd: ['once'] }, { hook: 'PostSync' })] : []),
      ...(syncFail ? [service('fail', { Cmd: ['once'] }, { hook: 'SyncFail' })] : []),
    ];
    const { syncHooks, networks } = app(each.name, ...parts);
    const known = new Set(each.networks.map(({ key }) => key));
    return { ...each, syncHooks, networks: [...networks.filter(({ key }) => !known.has(key)), ...each.networks] };
  }),
});

const made = (git: DesiredSite, actual: ActualSite): Memory =>
  git.apps.reduce((memory, each) => rememberMade(rememberConverged(memory, each), each, actual), emptyMemory());

interface Course {
  model: ModelEngine;
  memory: Memory;
  /** `APP/HOOK` of each run. */
  runs: string[];
  history: string[];
}

/** Passes as an agent makes them, until nothing is left to do or `passes` is over. */
function course(
  git: DesiredSite,
  from: ActualSite,
  before: Memory,
  picks: number[],
  cuts: number[],
  passes = 30,
): Course {
  const model = createModelEngine(from);
  const [history, runs]: string[][] = [[], []];
  let memory = before;
  let turn = 0;
  const pick = (among: number): number => (picks[turn++ % picks.length] ?? 0) % among;
  for (let pass = 0; pass < passes; pass++) {
    const now = pass * 4_000_000;
    memory = updateFromState(memory, git, model.site, now);
    const plan = planOf(git, model.site, memory, now);
    for (const each of plan.apps.filter(isConverged)) {
      const wanted = git.apps.find(({ name }) => name === each.app);
      if (wanted) memory = rememberMade(rememberConverged(memory, wanted), wanted, model.site);
    }
    history?.push(`--- pass ${pass}`);
    if (plan.apps.every(({ operations }) => operations.length === 0)) break;
    memory = noteSyncHooks(
      memory,
      git,
      plan.apps.flatMap(({ operations }) => operations),
    );
    for (const each of plan.apps) {
      const results = carryOut(each, model, pick, cuts[pass] ?? Number.POSITIVE_INFINITY);
      for (const { operation, status } of results) {
        history?.push(`${words(operation)}: ${operation.reason}: ${status}`);
        if (operation.syncHook && operation.kind === 'startContainer' && status === 'done')
          runs?.push(`${each.app}/${operation.service}`);
      }
      const wanted = git.apps.find(({ name }) => name === each.app);
      if (wanted) memory = updateFromOutcome(memory, wanted, { app: each.app, results }, now, () => 0);
    }
    model.tick();
  }
  return { model, memory, runs: runs ?? [], history: history ?? [] };
}

const picks = fc.array(fc.nat(50), { minLength: 1, maxLength: 30 });
const cuts = fc.array(fc.nat(9), { maxLength: 4 });

/** It changes something that runs, or that something that runs may see. */
const disturbs = ({ kind, syncHook, onlyIfFailed }: Operation): boolean =>
  !syncHook &&
  onlyIfFailed === undefined &&
  [
    'stopContainer',
    'removeContainer',
    'removeNetwork',
    'disconnectNetwork',
    'updateContainer',
    'writeFile',
    'renameContainer',
  ].includes(kind);

/** All that an operation comes after, over any number of steps. */
function behind({ operations }: AppPlan, from: Operation): Set<number> {
  const seen = new Set([from.id]);
  for (const id of seen) for (const need of operations.find((each) => each.id === id)?.after ?? []) seen.add(need);
  return seen;
}

test('from anywhere, in any order and with passes cut off anywhere, a site with hooks becomes as Git says, and then rests', () => {
  fc.assert(
    fc.property(
      revisions,
      corruptions,
      hooks,
      picks,
      cuts,
      fc.boolean(),
      ([from, git], done, each, order, cut, remembers) => {
        const wanted = withHooks(git, each);
        const begin = started(wanted, from, done);
        const { model, memory, runs, history } = course(
          wanted,
          begin,
          remembers ? made(from, begin) : emptyMemory(),
          order,
          cut,
        );
        for (const { operations } of planOf(wanted, model.site, memory, 1e12).apps)
          expect([operations.map(words), operations.length > 0 ? history : []]).toEqual([[], []]);
        if (!remembers) return;
        // Each hook of a change has run, and SyncFail has not.
        const names = (phase: SyncHook['phase']): string[] =>
          wanted.apps.flatMap(({ name, syncHooks = [] }) =>
            syncHooks.filter((hook) => hook.phase === phase).map(({ service: { name: hook } }) => `${name}/${hook}`),
          );
        expect(new Set(runs)).toEqual(new Set([...names('PreSync'), ...names('PostSync')]));
      },
    ),
    RUNS,
  );
});

test('nothing of a change disturbs what runs before its PreSync hook has completed', () => {
  fc.assert(
    fc.property(revisions, hooks, fc.boolean(), ([from, git], each, remembers) => {
      const wanted = withHooks(git, { ...each, needs: false });
      const begin = started(wanted, from, []);
      for (const planned of planOf(wanted, begin, remembers ? made(from, begin) : emptyMemory()).apps) {
        const ends = planned.operations.filter(({ kind, syncHook }) => kind === 'await' && syncHook === 'PreSync');
        if (!wanted.apps.some(({ name }) => name === planned.app) || ends.length === 0) continue;
        for (const operation of planned.operations.filter(disturbs))
          expect([words(operation), ends.every(({ id }) => behind(planned, operation).has(id))]).toEqual([
            words(operation),
            true,
          ]);
      }
    }),
    RUNS,
  );
});

test('while a PreSync hook fails, all containers, networks and files stay as they were', () => {
  fc.assert(
    fc.property(revisions, hooks, picks, ([from, git], each, order) => {
      const known = { ...git, apps: git.apps.filter(({ name }) => from.apps.some((other) => other.name === name)) };
      const wanted = withHooks(known, { ...each, preSync: 'crash', needs: false });
      const [old] = [
        { ...from, apps: from.apps.filter(({ name }) => known.apps.some((other) => other.name === name)) },
      ];
      const ran = createModelEngine(started(wanted, old, []));
      ran.tick();
      const begin = ran.site;
      const { model } = course(wanted, begin, made(old, begin), order, [], 4);
      const services = (site: ActualSite) =>
        site.containers
          .filter(({ syncHook }) => !syncHook)
          .map(({ id, name, status, spec }) => ({ id, name, status, spec }));
      expect(services(model.site)).toEqual(services(begin));
      expect(model.site.files).toEqual(begin.files);
      for (const [name, network] of Object.entries(begin.networks)) expect(model.site.networks[name]).toEqual(network);
    }),
    RUNS,
  );
});

test('a site that runs as Git says and has made its changes has nothing to do, whatever runs are kept', () => {
  fc.assert(
    fc.property(revisions, hooks, ([, all], each) => {
      // Without a memory, nothing tells that an app of no containers was ever started.
      const git = { ...all, apps: all.apps.filter(({ services }) => services.length > 0) };
      const wanted = withHooks(git, each);
      const here = actualOf(wanted);
      for (const memory of [emptyMemory(), made(wanted, here)])
        for (const { operations } of planOf(wanted, here, memory).apps) expect(operations).toEqual([]);
    }),
    RUNS,
  );
});
