import { describe, expect, test } from '@jest/globals';
import type { EngineOperation } from '../../../src/engine/engine.ts';
import type { ActualSite } from '../../../src/model/state.ts';
import { describe as words } from '../../../src/plan/print/render.ts';
import { actualOf, app, service, site } from '../../support/site/site-builder.ts';
import { apply, next, old, running } from './apply-run.ts';

describe('a pass that is cancelled', () => {
  const cancelledAt = async (name: string, git = next, from = running as ActualSite) => {
    const cancel = new AbortController();
    const before = (operation: EngineOperation): void => {
      if (words(operation).replace(/\.[0-9a-f]{8}/, '.new') === name) cancel.abort();
    };
    return apply({ git, from, before, options: { signal: cancel.signal } });
  };

  test('begins nothing new', async () => {
    const { lines, states } = await cancelledAt('create shop-web-1.new');
    expect(lines.slice(0, 2)).toEqual(['create shop-web-1.new: done', 'stop shop-web-1: skipped (cancelled)']);
    expect(states).toContain('shop-web-1 running');
  });

  test('starts the successor of what it has stopped', async () => {
    const { lines, states } = await cancelledAt('stop shop-web-1');
    expect(lines.filter((each) => each.endsWith('(cancelled)'))).toEqual([
      'remove shop-web-1: skipped (cancelled)',
      'rename shop-web-1.new to shop-web-1: skipped (cancelled)',
    ]);
    expect(states).toEqual(['shop-web-1 exited', 'shop-web-1.new running']);
  });

  test('brings back what it took off a network', async () => {
    const wanted = site(app('shop', service('web')));
    const internal = structuredClone(wanted);
    (internal.apps[0] as (typeof internal.apps)[0]).networks[0] = {
      key: 'default',
      external: false,
      spec: { Name: 'shop_default', Internal: true },
    };
    const { model } = await cancelledAt('disconnect shop-web-1 from shop_default', internal, actualOf(wanted));
    expect(Object.keys(model.site.containers[0]?.spec.Networks ?? {})).toEqual(['shop_default']);
  });

  test('does not count a pull that it cancelled as failed', async () => {
    const missing = actualOf(old);
    const { lines } = await cancelledAt('pull web:2', next, missing);
    expect(lines[0]).toBe('pull web:2: skipped (cancelled)');
  });
});
