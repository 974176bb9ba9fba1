import { createHash } from 'node:crypto';
import { InputError } from '../../lib/errors.ts';
import { durationMs, durationText } from '../../lib/units/duration.ts';
import type { Placement, Rollout, RolloutStep, SiteStep } from '../../model/fleet.ts';
import type { YamlNode } from '../../yaml/node.ts';
import { below, items, text } from '../values/values.ts';
import { selects } from './selector.ts';

/** The word for a step that only a signed promotion opens. */
const PROMOTION = 'promotion';

/** Reads a `rollout`. Throws InputError for a time that is none, shares that shrink, and steps that leave sites out. */
export function rolloutOf(
  node: YamlNode | undefined,
  placementOf: (node: YamlNode | undefined) => Placement,
): Rollout | undefined {
  if (!node) return undefined;
  const nodes = items(below(node, 'steps'));
  const steps = nodes.map((step): RolloutStep => {
    const selector = below(step, 'selector');
    const percent = below(step, 'percent');
    return {
      selector: selector && placementOf(selector),
      percent: percent?.kind === 'scalar' ? Number(percent.value) : undefined,
      after: afterOf(below(step, 'after')),
      at: step.at,
    };
  });
  let share = 0;
  for (const { percent, at } of steps) {
    if (percent === undefined) continue;
    if (percent < share)
      throw InputError.at(
        at,
        `a step with percent: ${percent} comes after one with ${share}, so it adds no site`,
        'percentages count from the start: 10, then 50, then 100',
      );
    share = percent;
  }
  const last = steps.at(-1);
  if (last && (last.percent !== 100 || last.selector)) {
    throw InputError.at(
      last.at,
      'the last step must have percent: 100, and no selector: a site that is in no step would never get a change',
      'add a last step, as {percent: 100, after: 24h}',
    );
  }
  return { steps };
}

function afterOf(node: YamlNode | undefined): RolloutStep['after'] {
  const written = text(node);
  if (!node || written === undefined) return 0;
  if (written === PROMOTION) return PROMOTION;
  const ms = durationMs(written);
  if (ms !== undefined && ms >= 0) return ms;
  throw InputError.at(
    node.at,
    `after: ${JSON.stringify(written)} is no duration`,
    'for example 90s, 1h30m or 24h; or `promotion`',
  );
}

/** The step that a site is in: the first one that it belongs to. undefined without a rollout. */
export function stepOf(
  rollout: Rollout | undefined,
  site: { name: string; labels: Record<string, string> },
): SiteStep | undefined {
  if (!rollout) return undefined;
  const { steps } = rollout;
  const index = steps.findIndex((step) => isIn(step, site));
  const step = steps[index];
  return step && { step: index + 1, of: steps.length, after: step.after };
}

const isIn = ({ selector, percent }: RolloutStep, site: { name: string; labels: Record<string, string> }): boolean =>
  (selector === undefined || selects(selector, site)) && (percent === undefined || shareOf(site.name) < percent);

/** The time of a step, in words. */
export const afterText = (after: RolloutStep['after']): string =>
  after === PROMOTION ? 'when a promotion opens it' : after === 0 ? 'at once' : `after ${durationText(after)}`;

/** A number from 0 up to 100 that the name alone decides: about n percent of all sites are below n. */
export function shareOf(name: string): number {
  return (createHash('sha256').update(name).digest().readUInt32BE(0) / 2 ** 32) * 100;
}

/** The one of two steps that makes a site wait longer. */
export function longerOf(a: SiteStep | undefined, b: SiteStep | undefined): SiteStep | undefined {
  if (!a || !b) return a ?? b;
  const wait = ({ after }: SiteStep): number => (after === PROMOTION ? Number.POSITIVE_INFINITY : after);
  return wait(b) > wait(a) ? b : a;
}
