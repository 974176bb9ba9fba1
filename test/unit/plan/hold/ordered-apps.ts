import { emptyMemory, type Memory } from '../../../../src/model/memory.ts';
import type { ActualSite, DesiredApp, DesiredSite } from '../../../../src/model/state.ts';
import { agentOptions } from '../../../../src/plan/facts/policy.ts';
import { rememberConverged } from '../../../../src/plan/memory/update.ts';
import { plan } from '../../../../src/plan/plan.ts';
import { actualOf, app, bare, dependent, service } from '../../../support/site/site-builder.ts';
import { planLines } from '../../../support/values/plan-lines.ts';

export const CHECKED = { Healthcheck: { Test: ['CMD', 'ready'] } };
export const db = (Image = 'db:1'): DesiredApp => app('db', service('db', { Image, ...CHECKED }));
export const pos = (Image = 'till:1'): DesiredApp => dependent(app('pos', service('till', { Image })), 'db');
export const converged = (desired: DesiredSite, changes: Partial<Memory> = {}): Memory => ({
  ...desired.apps.reduce(rememberConverged, emptyMemory()),
  ...changes,
});
export const withImages = (actual: ActualSite, git: DesiredSite): ActualSite => ({
  ...actual,
  images: { ...actual.images, ...bare(git).images },
});
/** The site as it was, and Git as it is now. */
export const changed = (before: DesiredSite, git: DesiredSite) => ({
  git,
  site: withImages(actualOf(before), git),
  memory: converged(before),
});
type Given = Parameters<typeof planLines>[0];

/** The words for what an app waits for. */
export const waits = (
  { git, site: actual, memory = emptyMemory(), options }: Given,
  name = 'pos',
): string | undefined =>
  plan(git, actual, memory, 0, { ...agentOptions, ...options }).apps.find((each) => each.app === name)?.waits?.text;

/** The operations that are carried out. */
export const done = (given: Given): string[] => planLines(given).filter((line) => line && !line.includes('withheld'));
