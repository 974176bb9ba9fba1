import { emptyMemory, type Memory } from '../../../../src/model/memory.ts';
import type { ActualContainer, ActualSite, DesiredApp, DesiredSite } from '../../../../src/model/state.ts';
import { changeDigest } from '../../../../src/plan/facts/goals.ts';
import { rememberMade } from '../../../../src/plan/memory/sync-hooks.ts';
import { rememberConverged } from '../../../../src/plan/memory/update.ts';
import { actualOf, app, bare, running, service, site } from '../../../support/site/site-builder.ts';

export const HOOKS = [
  service('migrate', {}, { hook: 'PreSync' }),
  service('warm', {}, { hook: 'PostSync' }),
  service('tell', {}, { hook: 'SyncFail' }),
];
export const shop = (image: string, ...parts: Parameters<typeof app>[1][]): DesiredSite =>
  site(app('shop', service('web', { Image: image }), ...parts));

export const [old, git] = [shop('web:1', ...HOOKS), shop('web:2', ...HOOKS)];
export const only = (desired: DesiredSite): DesiredApp => desired.apps[0] as DesiredApp;

/** The memory of an agent that brought the change about. */
export const made = (desired: DesiredSite): Memory =>
  rememberMade(rememberConverged(emptyMemory(), only(desired)), only(desired), actualOf(desired));

/** The site as it was under the old revision, with all images. */
export const asBefore = (desired = old, wanted = git): ActualSite => ({
  ...actualOf(desired),
  images: bare(wanted).images,
});

/** A run of a hook. */
export function run(desired: DesiredSite, name: string, changes: Partial<ActualContainer> = {}): ActualContainer {
  const hook = only(desired).syncHooks?.find((each) => each.service.name === name);
  const [wanted] = hook?.service.containers ?? [];
  if (!hook || !wanted) throw new Error(`no hook ${name}`);
  const syncHook = { phase: hook.phase, change: changeDigest(only(desired)) };
  return running(only(desired), name, wanted, { status: 'exited', exitCode: 0, syncHook, ...changes });
}

export const withRuns = (actual: ActualSite, ...runs: ActualContainer[]): ActualSite => ({
  ...actual,
  containers: [...actual.containers, ...runs],
});

/** The memory of an agent that has begun the hooks of the change. */
export const begun = (
  memory: Memory,
  desired: DesiredSite,
  changes: { done?: string[]; failed?: Record<string, string> } = {},
) => ({
  ...memory,
  changes: {
    shop: {
      ...memory.changes.shop,
      hooks: { digest: changeDigest(only(desired)), revision: 'r1', program: 'p', done: [], failed: {}, ...changes },
    },
  },
});
