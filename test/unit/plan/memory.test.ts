import { describe, expect, test } from '@jest/globals';
import { EngineError } from '../../../src/lib/errors.ts';
import { emptyMemory, type Memory } from '../../../src/model/memory.ts';
import type { OperationResult } from '../../../src/model/outcome.ts';
import type { Operation } from '../../../src/model/plan.ts';
import { type Purpose, retryKey, slotSubject } from '../../../src/model/subject.ts';
import { appDigest } from '../../../src/plan/facts/goals.ts';
import { agentOptions } from '../../../src/plan/facts/policy.ts';
import { delay, endBackoffs, forgetBackoffs, retryAfterOutage } from '../../../src/plan/memory/backoffs.ts';
import { rememberConverged, updateFromOutcome, updateFromState } from '../../../src/plan/memory/update.ts';
import { plan } from '../../../src/plan/plan.ts';
import { actualOf, app, but, file, network, service, settled, site } from '../../support/site/site-builder.ts';

const git = site(app('shop', service('web')));
const [shop] = git.apps as [(typeof git.apps)[0]];
const SLOT = slotSubject({ app: 'shop', service: 'web', number: 1 });
const KEY = retryKey(SLOT, 'converge');
const MINUTE = 60_000;
const ofFiles = { subject: { kind: 'files', app: 'shop' }, cause: 'revision' } as const;
const exact = (): number => 0;

const start = (counts: 'attempts' | 'failures', goal = 'g', purpose: Purpose = 'converge'): Operation => ({
  id: 1,
  kind: 'startContainer',
  container: { name: 'shop-web-1', id: 'x' },
  reason: 'new',
  after: [],
  subject: SLOT,
  cause: 'revision',
  retry: { purpose, goal, counts },
});
const failed = (operation: Operation): OperationResult => ({
  operation,
  status: 'failed',
  error: new EngineError('failed', 'no space left'),
});
const done = (operation: Operation): OperationResult => ({ operation, status: 'done' });
const learned = (memory: Memory, now: number, ...results: OperationResult[]): Memory =>
  updateFromOutcome(memory, shop, { app: 'shop', results }, now, exact);

describe('a backoff', () => {
  test('begins with ten seconds and doubles to five minutes', () => {
    const waits = Array.from({ length: 8 }, (_, index) => delay('slot', index + 1, exact) / 1000);
    expect(waits).toEqual([10, 20, 40, 80, 160, 300, 300, 300]);
    expect(delay('slot', 10_000, exact)).toBe(300_000);
  });

  test('gives a registry more rest, and everything else less', () => {
    expect([1, 5, 20].map((n) => delay('image', n, exact) / 1000)).toEqual([10, 160, 1800]);
    expect([1, 5, 20].map((n) => delay('network', n, exact) / 1000)).toEqual([5, 80, 180]);
  });

  test('is spread, by up to a fifth and never to less', () => {
    expect(delay('slot', 1, () => 0.999)).toBeLessThan(12_000);
    expect(delay('slot', 1, () => 0.5)).toBe(11_000);
  });

  test('grows with each failure in a row, and tells the last error', () => {
    const once = learned(emptyMemory(), 1000, failed(start('failures')));
    expect(once.backoffs[KEY]).toEqual({ goal: 'g', failures: 1, until: 11_000, error: 'no space left' });
    const twice = learned(once, 11_000, failed(start('failures')));
    expect(twice.backoffs[KEY]).toMatchObject({ failures: 2, until: 31_000 });
  });

  test('starts afresh for another goal', () => {
    const thrice = { ...emptyMemory(), backoffs: { [KEY]: { goal: 'old', failures: 3, until: 0, error: '' } } };
    expect(learned(thrice, 0, failed(start('failures'))).backoffs[KEY]).toMatchObject({ goal: 'g', failures: 1 });
  });

  test('is over with a success, where failures count', () => {
    const once = learned(emptyMemory(), 0, failed(start('failures')));
    expect(learned(once, 20_000, done(start('failures'))).backoffs).toEqual({});
  });

  test('grows with each attempt, also one that succeeds, where attempts count', () => {
    const once = learned(emptyMemory(), 0, done(start('attempts')));
    expect(once.backoffs[KEY]).toEqual({ goal: 'g', failures: 1, until: 10_000, error: '' });
    expect(learned(once, 10_000, done(start('attempts'))).backoffs[KEY]).toMatchObject({ failures: 2, until: 30_000 });
  });

  test('counts one pass once, and not the way back', () => {
    const back = { ...start('failures'), id: 3, onlyIfFailed: 1 };
    const memory = learned(emptyMemory(), 0, failed(start('failures')), failed(back));
    expect(memory.backoffs[KEY]).toMatchObject({ failures: 1 });
    expect(learned(emptyMemory(), 0, done({ ...start('failures'), id: 2 }), failed(back)).backoffs).toEqual({});
  });

  test('does not count what was skipped, withheld or has to wait', () => {
    const operation = start('attempts');
    const results: OperationResult[] = [
      { operation, status: 'skipped', reason: 'cancelled' },
      { operation, status: 'waiting', reason: 'not healthy yet' },
      { operation, status: 'withheld' },
    ];
    const memory = emptyMemory();
    expect(learned(memory, 0, ...results).backoffs).toEqual({});
  });

  test('is forgotten after ten minutes of being well, and not before', () => {
    const sick = { ...settled(git), backoffs: { [KEY]: { goal: 'g', failures: 4, until: 0, error: 'x' } } };
    const well = updateFromState(sick, git, actualOf(git), 1000);
    expect(well.backoffs[KEY]).toMatchObject({ failures: 4, wellSince: 1000 });
    expect(updateFromState(well, git, actualOf(git), 1000 + 10 * MINUTE - 1)).toBe(well);
    expect(updateFromState(well, git, actualOf(git), 1000 + 10 * MINUTE).backoffs).toEqual({});
  });

  test('is forgotten too when it was well for long and has died just now', () => {
    const well = {
      ...settled(git),
      backoffs: { [KEY]: { goal: 'g', failures: 4, until: 0, wellSince: 0, error: 'x' } },
    };
    const died = but(actualOf(git), 'shop-web-1', { status: 'exited', exitCode: 1 });
    expect(updateFromState(well, git, died, 11 * MINUTE).backoffs).toEqual({});
  });

  test('counts the ten minutes again when it was not well in between', () => {
    const well = {
      ...settled(git),
      backoffs: { [KEY]: { goal: 'g', failures: 4, until: 0, wellSince: 0, error: 'x' } },
    };
    for (const changes of [{ status: 'exited' as const, exitCode: 1 }, { health: 'unhealthy' as const }]) {
      const ill = updateFromState(well, git, but(actualOf(git), 'shop-web-1', changes), 5 * MINUTE);
      expect(ill.backoffs[KEY]).not.toHaveProperty('wellSince');
      expect(updateFromState(ill, git, actualOf(git), 6 * MINUTE).backoffs[KEY]).toMatchObject({
        wellSince: 6 * MINUTE,
      });
    }
  });

  test('can be forgotten for one kind of goal, as after a new commit or when the link is back', () => {
    const memory = { ...emptyMemory(), backoffs: { [KEY]: backoffOf(1), 'converge image web:1': backoffOf(2) } };
    expect(Object.keys(forgetBackoffs(memory, ({ kind }) => kind === 'image').backoffs)).toEqual([KEY]);
    expect(forgetBackoffs(memory, () => false)).toBe(memory);
  });
});

const backoffOf = (failures: number) => ({ goal: 'g', failures, until: 0, error: '' });

describe('a job', () => {
  const ended = but(actualOf(git), 'shop-web-1', { status: 'exited', exitCode: 0 });
  const hash = actualOf(git).containers[0]?.specHash as string;

  test('that ran to its end is remembered, also when its container is gone', () => {
    const memory = updateFromState(emptyMemory(), git, ended, 0);
    expect(memory.completed).toEqual({ 'shop/web/1': hash });
    expect(updateFromState(memory, git, { ...ended, containers: [] }, 0)).toBe(memory);
  });

  test('stays remembered while somebody removes its container', () => {
    const memory = updateFromState(emptyMemory(), git, ended, 0);
    for (const status of ['removing', 'dead'] as const) {
      const going = but(ended, 'shop-web-1', { status });
      expect(updateFromState(memory, git, going, 0)).toBe(memory);
    }
    const { apps } = plan(git, but(ended, 'shop-web-1', { status: 'removing' }), memory, 0, agentOptions);
    expect(apps.flatMap((each) => each.operations)).toEqual([]);
  });

  test('that failed, or runs again, is not', () => {
    const failing = but(ended, 'shop-web-1', { exitCode: 1 });
    expect(updateFromState(emptyMemory(), git, failing, 0).completed).toEqual({});
    const memory = updateFromState(emptyMemory(), git, ended, 0);
    expect(updateFromState(memory, git, actualOf(git), 0).completed).toEqual({});
  });

  test('that ran with files which Git has changed since has not done what it is asked now', () => {
    const next = site(app('shop', service('web', {}, { filesDigest: 'new' })));
    expect(updateFromState(emptyMemory(), next, ended, 0).completed).toEqual({});
  });

  test('that left Git runs again when it comes back', () => {
    const memory = updateFromState(emptyMemory(), git, ended, 0);
    const without = site(app('shop', service('db')));
    expect(updateFromState(memory, without, { ...ended, containers: [] }, 0).completed).toEqual({});
  });
});

describe('the app', () => {
  const next = site(app('shop', service('web', { Image: 'web:2' })));

  test('is as Git says once it converged, until another revision is begun', () => {
    const converged = rememberConverged(emptyMemory(), shop);
    expect(converged.applied).toEqual({ shop: appDigest(shop) });
    expect(rememberConverged(converged, shop)).toBe(converged);
    expect(learned(converged, 0, done(start('failures'))).applied).toEqual({ shop: appDigest(shop) });
    const [wanted] = next.apps as [typeof shop];
    const outcome = { app: 'shop', results: [done(start('failures'))] };
    expect(updateFromOutcome(converged, wanted, outcome, 0, exact).applied).toEqual({ shop: '' });
    const nothing = { app: 'shop', results: [failed(start('failures'))] };
    expect(updateFromOutcome(converged, wanted, nothing, 0, exact).applied).toEqual({ shop: appDigest(shop) });
  });

  test('that left Git is new when it comes back; one that cannot be read is not', () => {
    const memory = rememberConverged(emptyMemory(), shop);
    const none = { ...actualOf(git), containers: [] };
    expect(updateFromState(memory, site(app('other')), none, 0).applied).toEqual({});
    const broken = { ...site(app('other')), broken: [{ name: 'shop', problems: [] }] };
    expect(updateFromState(memory, broken, none, 0).applied).toEqual(memory.applied);
  });

  test('that converged is over with what failed of its networks', () => {
    const withNetwork = app('shop', network('a'), service('web'));
    const memory = { ...emptyMemory(), backoffs: { 'converge network shop_a': backoffOf(3), [KEY]: backoffOf(1) } };
    expect(Object.keys(rememberConverged(memory, withNetwork).backoffs)).toEqual([KEY]);
  });
});

test('a file that Git has dropped and somebody has changed since is not looked at any more', () => {
  const withFile = app('shop', service('web'), file('/apps/shop/a', 'one'));
  const digest = withFile.files[0]?.digest ?? '';
  const memory: Memory = { ...emptyMemory(), files: { shop: { '/apps/shop/a': digest } } };
  const seen = (now: string) => ({ ...actualOf(git), files: { '/apps/shop/a': { digest: now, mode: 0o644 } } });
  expect(updateFromState(memory, git, seen('another'), 0).files).toEqual({});
  expect(updateFromState(memory, git, seen(digest), 0).files).toEqual(memory.files);
  expect(updateFromState(memory, git, actualOf(git), 0).files).toEqual(memory.files);
  // A file is still looked at if Git has it, or if its app is broken for now and may have it.
  expect(updateFromState(memory, site(withFile), seen('another'), 0).files).toEqual(memory.files);
  const broken = { ...site(), broken: [{ name: 'shop', problems: [] }] };
  expect(updateFromState(memory, broken, seen('another'), 0).files).toEqual(memory.files);
});

test('the files that were written are remembered, and forgotten when they were deleted', () => {
  const withFile = app('shop', file('/apps/shop/a', 'one'));
  const [wanted] = withFile.files as [(typeof withFile.files)[0]];
  const write: Operation = { id: 1, kind: 'writeFile', file: wanted, ...ofFiles, reason: '', after: [] };
  const outcome = { app: 'shop', results: [done(write)] };
  const memory = updateFromOutcome(emptyMemory(), withFile, outcome, 0, exact);
  expect(memory.files).toEqual({ shop: { '/apps/shop/a': wanted.digest } });
  const remove: Operation = { id: 1, kind: 'removeFile', path: '/apps/shop/a', ...ofFiles, reason: '', after: [] };
  const gone = updateFromOutcome(memory, app('shop'), { app: 'shop', results: [done(remove)] }, 0, exact);
  expect(gone.files).toEqual({});
});

test('one pull serves all services of the app with that image, for this revision', () => {
  const always = { pullPolicy: 'always' as const };
  const wanted = app('shop', service('a', { Image: 'x:1' }, always), service('b', { Image: 'x:1' }, always));
  const pull: Operation = { id: 1, kind: 'pullImage', image: 'x:1', always: true, ...ofFiles, reason: '', after: [] };
  const memory = updateFromOutcome(emptyMemory(), wanted, { app: 'shop', results: [done(pull)] }, 0, exact);
  expect(memory.pulled).toEqual({ 'shop/a': appDigest(wanted), 'shop/b': appDigest(wanted) });
});

test('an observation without news gives the same memory back, so that nothing is written', () => {
  const memory = settled(git);
  expect(updateFromState(memory, git, actualOf(git), 0)).toBe(memory);
  expect(learned(memory, 0)).toBe(memory);
});

test('an engine that comes back ends what waits for a place, unless that has failed often', () => {
  const backoff = (failures: number) => ({ goal: 'g', failures, until: MINUTE, error: 'no' });
  const memory = {
    ...emptyMemory(),
    backoffs: { [KEY]: backoff(2), 'repair slot shop/web/2': backoff(4), 'converge image web:1': backoff(1) },
  };
  const { backoffs } = retryAfterOutage(memory, 10);
  expect(Object.values(backoffs).map(({ failures, until }) => [failures, until])).toEqual([
    [2, 10],
    [4, MINUTE],
    [1, MINUTE],
  ]);
});

test('a person who asks ends the waits of one app and of what apps share, or all; the failures stay counted', () => {
  const backoff = { goal: 'g', failures: 3, until: MINUTE, error: 'no' };
  const memory: Memory = {
    ...emptyMemory(),
    backoffs: { [KEY]: backoff, 'converge slot other/web/1': backoff, 'converge image web:1': backoff },
    replacements: {
      'shop/web/1': { goal: 'g', count: 4, until: MINUTE },
      'other/web/1': { goal: 'g', count: 4, until: 5 },
    },
  };
  const untilsOf = ({ backoffs, replacements }: Memory): number[] =>
    [...Object.values(backoffs), ...Object.values(replacements)].map(({ until }) => until);
  expect(untilsOf(endBackoffs(memory, 10, 'shop'))).toEqual([10, MINUTE, 10, 10, 5]);
  expect(untilsOf(endBackoffs(memory, 10, 'other'))).toEqual([MINUTE, 10, 10, MINUTE, 5]);
  expect(untilsOf(endBackoffs(memory, 10))).toEqual([10, 10, 10, 10, 5]);
  expect(endBackoffs(memory, 10).backoffs[KEY]).toEqual({ ...backoff, until: 10 });
});
