import { own } from '../../lib/maps/own.ts';
import type { Memory } from '../../model/memory.ts';
import type { AppPlan, Operation } from '../../model/plan.ts';
import type { DesiredSite } from '../../model/state.ts';

import { appDigest } from '../facts/goals.ts';
import { closedWindow, type PlanOptions } from '../facts/policy.ts';

/**
 * Notes the apps with sync windows, or with apps that they depend on, whose changes these plans begin, before they begin: if the windows close, another app
 * falls sick or the agent ends in the middle, the rest still goes on.
 */
export function noteBegun(memory: Memory, site: DesiredSite, plans: readonly AppPlan[], options: PlanOptions): Memory {
  let { begun } = memory;
  for (const { app: name, operations, waits } of plans) {
    const app = site.apps.find((each) => each.name === name);
    const hasWindows = options.windows?.apps.get(name) !== undefined;
    if (!app || !(hasWindows || app.dependsOn) || waits || closedWindow(app, options)) continue;
    if (!operations.some(isChange)) continue;
    const digest = appDigest(app);
    if (own(begun, name) !== digest) begun = { ...begun, [name]: digest };
  }
  return begun === memory.begun ? memory : { ...memory, begun };
}

export const isChange = ({ kind, cause, withheld, onlyIfFailed }: Operation): boolean =>
  (cause === 'revision' || cause === 'prune') &&
  !withheld &&
  onlyIfFailed === undefined &&
  kind !== 'pullImage' &&
  kind !== 'await';
