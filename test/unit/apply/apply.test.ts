import { describe, expect, test } from '@jest/globals';
import type { EngineOperation } from '../../../src/engine/engine.ts';
import type { AppPlan } from '../../../src/model/plan.ts';
import type { DesiredSite } from '../../../src/model/state.ts';
import { actualOf, app, bare, but, file, service, site } from '../../support/site/site-builder.ts';
import { apply, fails, next, type Run, running, two } from './apply-run.ts';

test('all of a plan is done, each after what it needs', async () => {
  const { lines, states } = await apply({ git: two, from: bare(two) });
  expect(lines.filter((each) => !each.endsWith(': done'))).toEqual([]);
  expect(states).toEqual(['shop-cron-1 running', 'shop-db-1 running', 'shop-web-1 running']);
});

test('operations that depend on a failed one are skipped, and the rest goes on', async () => {
  const { lines } = await apply({ git: two, from: bare(two), before: fails('startContainer', 'db') });
  expect(lines).toEqual([
    'create network shop_default: done',
    'create shop-cron-1: done',
    'start shop-cron-1: done',
    'create shop-db-1: done',
    'start shop-db-1: failed (no)',
    'create shop-web-1: skipped ([5] failed)',
    'start shop-web-1: skipped ([5] failed)',
  ]);
});

test('an error that nobody foresaw is an outcome as well', async () => {
  const before = (operation: EngineOperation): void => {
    if (operation.kind === 'createNetwork') throw new TypeError('x is undefined');
  };
  const { outcome } = await apply({ git: two, from: bare(two), before });
  expect(outcome.results[0]).toMatchObject({ status: 'failed', error: { code: 'STATE' } });
});

describe('the way back', () => {
  test('is not taken when the new one starts', async () => {
    const { lines, states } = await apply({ git: next, from: running });
    expect(lines.filter((each) => !each.endsWith(': done'))).toEqual([
      'remove shop-web-1.new: skipped (not needed)',
      'start shop-web-1: skipped (not needed)',
    ]);
    expect(states).toEqual(['shop-web-1 running']);
  });

  test('removes the new one and starts the old one when it does not', async () => {
    const before = fails('startContainer', '.');
    const { lines, states } = await apply({ git: next, from: running, before });
    expect(lines).toEqual([
      'create shop-web-1.new: done',
      'stop shop-web-1: done',
      'start shop-web-1.new: failed (no)',
      'remove shop-web-1.new: done',
      'start shop-web-1: done',
      'remove shop-web-1: skipped ([3] failed)',
      'rename shop-web-1.new to shop-web-1: skipped ([3] failed)',
    ]);
    expect(states).toEqual(['shop-web-1 running']);
  });

  test('is not taken when the start was never tried', async () => {
    const { lines, states } = await apply({ git: next, from: running, before: fails('stopContainer', 'web') });
    expect(lines.slice(1, 5)).toEqual([
      'stop shop-web-1: failed (no)',
      'start shop-web-1.new: skipped ([2] failed)',
      'remove shop-web-1.new: skipped (not needed)',
      'start shop-web-1: skipped (not needed)',
    ]);
    expect(states).toContain('shop-web-1 running');
  });
});

describe('a trial beside the old one', () => {
  const gitWith = (Image: string, spec = {}): DesiredSite => {
    const update = { parallelism: 0, delayMs: 0, monitorMs: 0, failureAction: 'pause', maxFailureRatio: 0 } as const;
    return site(app('shop', service('web', { Image, ...spec }, { update: { ...update, order: 'start-first' } })));
  };
  const tried = async (spec: object, options: Partial<Run> = {}): Promise<string[]> => {
    const [before, git] = [gitWith('web:1'), gitWith('web:2', spec)];
    const from = { ...actualOf(before), images: { ...actualOf(before).images, ...bare(git).images } };
    return (await apply({ git, from, ...options })).states;
  };

  test('ends with the new one alone where it is steady', async () => {
    expect(await tried({})).toEqual(['shop-web-1 running']);
  });

  test.each([['broken'], ['crash']])(
    'leaves the old one untouched where the new one does not stay up (%s)',
    async (how) => {
      expect(await tried({ Cmd: [how], RestartPolicy: { Name: 'always' } })).toEqual(['shop-web-1 running']);
    },
  );

  test('goes on where the engine does not say how the new one is', async () => {
    expect(await tried({}, { isBlind: true })).toEqual(['shop-web-1 running', 'shop-web-1.new running']);
  });

  test('goes on beside the old one as long as the new one is not healthy', async () => {
    const states = await tried({ Healthcheck: { Test: ['CMD', 'true'] } });
    expect(states).toEqual(['shop-web-1 running', 'shop-web-1.new running']);
  });
});

describe('a gate', () => {
  const Healthcheck = { Test: ['CMD', 'true'] };
  const gated = (condition: 'healthy' | 'completed', spec = {}) =>
    site(app('shop', service('db', { Healthcheck, ...spec }), service('web', {}, { dependsOn: { db: condition } })));
  const gateOn = async (git: DesiredSite, changes: Parameters<typeof but>[2]) => {
    const from = but(but(actualOf(git), 'shop-web-1', undefined), 'shop-db-1', changes);
    return (await apply({ git, from })).lines.map((each) => each.replace(/^wait.*?: /, 'gate: '));
  };

  test('that does not hold yet makes what comes after it wait, and nothing else', async () => {
    const git = site(...gated('healthy').apps.map((each) => ({ ...each, services: [...each.services] })));
    expect(await gateOn(git, { health: 'starting' })).toEqual([
      'gate: waiting (shop-db-1 is not healthy yet)',
      'create shop-web-1: waiting (shop-db-1 is not healthy yet)',
      'start shop-web-1: waiting (shop-db-1 is not healthy yet)',
    ]);
  });

  test('on one without a health check is an error', async () => {
    expect((await gateOn(gated('healthy'), { health: 'none' }))[0]).toBe(
      'gate: failed (shop-db-1 has no healthcheck, so it never becomes healthy)',
    );
  });

  test('on one that is unhealthy waits for what its restart brings', async () => {
    expect((await gateOn(gated('healthy'), { health: 'unhealthy' })).slice(0, 3)).toEqual([
      'stop shop-db-1: done',
      'start shop-db-1: done',
      'gate: waiting (shop-db-1 is not healthy yet)',
    ]);
  });

  test('on a job that runs waits, and on one that failed is an error', async () => {
    const job = gated('completed', { RestartPolicy: { Name: 'always' } });
    expect((await gateOn(job, {}))[0]).toBe('gate: waiting (shop-db-1 has not completed)');
    const ended = await apply({
      git: gated('completed', { Cmd: ['crash'], Healthcheck: { Test: ['NONE'] } }),
      from: bare(gated('completed')),
    });
    expect(ended.lines.find((each) => each.startsWith('wait'))).toBe(
      'wait until shop-db-1 has completed: failed (shop-db-1 exited with 1)',
    );
  });

  test('holds in the pass in which the job ran to its end', async () => {
    const git = gated('completed', { Cmd: ['once'], Healthcheck: { Test: ['NONE'] } });
    const { states } = await apply({ git, from: bare(git) });
    expect(states).toEqual(['shop-db-1 exited', 'shop-web-1 running']);
  });
});

test('a withheld operation is not done, and neither are those that need it', async () => {
  const withheld = { by: 'automated' as const, text: 'not set' };
  const edit = (made: AppPlan): AppPlan => ({
    ...made,
    operations: made.operations.map((each) => (each.kind === 'createNetwork' ? { ...each, withheld } : each)),
  });
  const { lines, states } = await apply({ git: two, from: bare(two), edit });
  expect(lines.slice(0, 3)).toEqual([
    'create network shop_default: withheld',
    'create shop-cron-1: skipped ([1] is withheld)',
    'start shop-cron-1: skipped ([1] is withheld)',
  ]);
  expect(states).toEqual([]);
});

test('no more is done at once than there are slots, and pulls have slots of their own', async () => {
  const many = site(
    app('shop', ...Array.from({ length: 12 }, (_, index) => service(`s${index}`, { Image: `i:${index}` }))),
  );
  const now = { engine: 0, pulls: 0 };
  const most = { engine: 0, pulls: 0 };
  const before = async ({ kind }: EngineOperation): Promise<void> => {
    const lane = kind === 'pullImage' ? 'pulls' : 'engine';
    now[lane] += 1;
    most[lane] = Math.max(most[lane], now[lane]);
    await new Promise((resolve) => setImmediate(resolve));
    now[lane] -= 1;
  };
  const { states } = await apply({ git: many, from: { ...bare(many), images: {} }, before, slots: 4 });
  expect(states).toHaveLength(12);
  expect(most.pulls).toBe(3);
  expect(most.engine).toBeLessThanOrEqual(4);
  expect(most.engine).toBeGreaterThan(1);
});

test('each result is told as it comes', async () => {
  const git = site(app('shop', file('/a', 'x'), service('web', { NetworkMode: 'host' })));
  const told: string[] = [];
  await apply({
    git,
    from: bare(git),
    options: { onStart: ({ kind }) => told.push(`${kind}?`), onResult: ({ operation }) => told.push(operation.kind) },
  });
  expect(told.sort()).toEqual([
    'createContainer',
    'createContainer?',
    'startContainer',
    'startContainer?',
    'writeFile',
    'writeFile?',
  ]);
});
