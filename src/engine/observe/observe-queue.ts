import type { ActualSite } from '../../model/state.ts';
import type { Need } from '../engine.ts';

/**
 * Runs one observation at a time. Calls that come before the next one has begun share it, with all their images and the newest `adopt`: each caller sees
 * everything that was done before its call.
 */
export function createObserveQueue(look: (need: Need) => Promise<ActualSite>): (need: Need) => Promise<ActualSite> {
  let current: Promise<unknown> = Promise.resolve();
  let queued: { images: Set<string>; adopt: Need['adopt']; result: Promise<ActualSite> } | undefined;
  return (need) => {
    if (queued) {
      for (const image of need.images) queued.images.add(image);
      queued.adopt = need.adopt ?? queued.adopt;
      return queued.result;
    }
    const next = { images: new Set(need.images), adopt: need.adopt };
    const result = current.then(() => {
      queued = undefined;
      return look({ images: [...next.images], ...(next.adopt && { adopt: next.adopt }) });
    });
    queued = Object.assign(next, { result });
    current = result.catch(() => undefined);
    return result;
  };
}
