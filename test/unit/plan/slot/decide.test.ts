import { describe, expect, test } from '@jest/globals';
import type { ActualContainer, DesiredService } from '../../../../src/model/state.ts';
import { slotSubject } from '../../../../src/model/subject.ts';
import { decide } from '../../../../src/plan/decide/decide.ts';
import type { Decision, Slot } from '../../../../src/plan/decide/decision.ts';
import type { Assessment } from '../../../../src/plan/decide/slot/assess.ts';
import type { SlotFacts } from '../../../../src/plan/decide/slot/slot-facts.ts';
import { actualOf, app, service, site } from '../../../support/site/site-builder.ts';

const git = site(app('shop', service('web')));
const [web] = git.apps.flatMap(({ services }) => services) as [DesiredService];
const [running] = actualOf(git).containers as [ActualContainer];

const id = { app: 'shop', service: 'web', number: 1 };
const retry = { purpose: 'converge', goal: 'g', counts: 'failures' } as const;
const change = { service: 'web', subject: slotSubject(id), cause: 'revision', retry } as const;
const backoff = { by: 'backoff', text: 'tried twice', until: 1 } as const;

const assessed = (container: Partial<ActualContainer>, replace: string[] = []): Assessment => ({
  container: { ...running, ...container },
  asked: web.containers[0]?.spec as Assessment['asked'],
  fields: [],
  changed: [],
  replace,
  update: undefined,
  disconnect: [],
  connect: [],
  madeForThis: false,
});

function slotWith(current?: Assessment, others: Assessment[] = [], more: Partial<Slot> = {}): Slot {
  return {
    id,
    service: web,
    wanted: web.containers[0] as Slot['wanted'],
    change,
    leaving: [],
    present: current ? [current, ...others] : others,
    ...(current && { current }),
    others: others.map(({ container }) => container),
    hasCompleted: false,
    isOnTrial: false,
    ...more,
  };
}

/** Nothing is in the way, and nothing is needed. */
const free: SlotFacts = {
  paced: undefined,
  joinedWaits: () => undefined,
  kept: () => undefined,
  rival: () => undefined,
  loop: () => undefined,
  needs: () => ({ needs: [], problems: [] }),
  needsToStart: () => [],
  repairs: () => ({ change, disconnect: [], connect: [] }),
  rename: () => change,
  previous: ([container]) => container && { container, wanted: web.containers[0] as Slot['wanted'], change, needs: [] },
  pendingHooks: () => undefined,
  isImageHere: () => true,
  hold: (each) => each,
  watch: () => undefined,
};
const kindOf = (slot: Slot, facts: Partial<SlotFacts> = {}): Decision['kind'] =>
  decide(slot, { ...free, ...facts }).kind;

const old = assessed({}, ['image: web:1, wanted web:2']);
const stoppedOld = assessed({ status: 'exited', exitCode: 1 }, ['image: web:1, wanted web:2']);
const startFirst: DesiredService = {
  ...web,
  update: {
    parallelism: 1,
    delayMs: 0,
    monitorMs: 0,
    failureAction: 'pause',
    order: 'start-first',
    maxFailureRatio: 0,
  },
};

describe('where the right container is there', () => {
  test.each<[string, Partial<ActualContainer>, Decision['kind']]>([
    ['one that runs is kept', {}, 'keep'],
    ['one that a person paused is unpaused', { status: 'paused' }, 'unpause'],
    ['one that was stopped is started', { status: 'exited', exitCode: 137 }, 'start'],
    ['one that was never started is started', { status: 'created' }, 'start'],
    ['one that is unhealthy is restarted', { health: 'unhealthy' }, 'restart'],
  ])('%s', (_, container, kind) => {
    expect(kindOf(slotWith(assessed(container)))).toBe(kind);
  });

  test('one whose network cannot be used is not started, and people are told', () => {
    const stopped = slotWith(assessed({ status: 'exited', exitCode: 1 }));
    const repairs = () => ({ change, disconnect: [], connect: [], blocked: 'network n is gone' });
    expect(decide(stopped, { ...free, repairs })).toMatchObject({
      kind: 'blocked',
      problems: [{ severity: 'error', message: 'network n is gone' }],
    });
  });

  test('a failed job that Git says to leave stays as it is, with a warning', () => {
    const failed = slotWith(assessed({ status: 'exited', exitCode: 3 }), [], {
      service: { ...web, leavesFailed: true },
      wanted: { ...(web.containers[0] as Slot['wanted']), spec: { Image: 'web:1', RestartPolicy: { Name: 'no' } } },
    });
    expect(decide(failed, free)).toMatchObject({ kind: 'keep', problems: [{ severity: 'warning' }] });
  });
});

describe('where a container has to be made', () => {
  test('an empty slot is filled', () => {
    expect(kindOf(slotWith())).toBe('create');
  });

  test('a one-shot that ran is not run again, although its container is gone', () => {
    expect(kindOf(slotWith(undefined, [], { hasCompleted: true }))).toBe('completed');
  });

  test('an old container is replaced, with start-first beside the old one where that one runs', () => {
    expect(kindOf(slotWith(undefined, [old]))).toBe('replace');
    expect(kindOf(slotWith(undefined, [old], { service: startFirst }))).toBe('replaceBeside');
    expect(kindOf(slotWith(undefined, [stoppedOld], { service: startFirst }))).toBe('replace');
  });

  test('an obstacle blocks it before anything is asked for', () => {
    const needs = () => {
      throw new Error('nothing is needed');
    };
    const rival = () => ({ message: 'the name is taken' });
    expect(kindOf(slotWith(undefined, [old]), { rival, needs })).toBe('blocked');
    expect(kindOf(slotWith(), { kept: () => ({ problem: { message: 'the port is held' } }), needs })).toBe('blocked');
  });

  test('the needs found before the reason to wait are still met', () => {
    const need = { kind: 'network', name: 'n', isHeld: false } as const;
    const needs = () => ({ needs: [need], problems: [], blocked: 'web waits for db: no image' });
    expect(decide(slotWith(), { ...free, needs })).toMatchObject({ kind: 'blocked', needs: [need] });
  });
});

describe('the old container runs meanwhile', () => {
  const previousOf = (slot: Slot, facts: Partial<SlotFacts> = {}) =>
    decide(slot, { ...free, ...facts }).previous?.container;

  test('while its replacement waits for its time, or for something slow', () => {
    const slot = slotWith(undefined, [stoppedOld]);
    expect(previousOf(slot)).toBeUndefined();
    expect(previousOf({ ...slot, change: { ...change, withheld: backoff } })).toBe(stoppedOld.container);
    expect(previousOf(slot, { paced: { by: 'updateConfig', text: 'one by one' } })).toBe(stoppedOld.container);
    const slow = () => ({ needs: [{ kind: 'network', name: 'n', isHeld: true } as const], problems: [] });
    expect(previousOf(slot, { needs: slow })).toBe(stoppedOld.container);
  });

  test('but not where a policy holds the replacement back: then it is left as it is', () => {
    const withheld = { by: 'automated', text: 'syncPolicy.automated is not set' } as const;
    expect(previousOf(slotWith(undefined, [stoppedOld], { change: { ...change, withheld } }))).toBeUndefined();
  });
});

describe('a successor on trial', () => {
  const onTrial = (container: Partial<ActualContainer>, more: Partial<Slot> = {}): Slot =>
    slotWith(assessed({ name: 'shop-web-1.01234567', ...container }), [old], {
      service: startFirst,
      isOnTrial: true,
      ...more,
    });

  test('goes on with the trial until it is steady', () => {
    expect(kindOf(onTrial({ health: 'starting' }))).toBe('continueTrial');
    expect(decide(onTrial({}), free)).toMatchObject({ change: { retry: { counts: 'failures' } } });
  });

  test('that has failed goes, and another one follows after the backoff', () => {
    const failed = onTrial({ health: 'unhealthy' }, { change: { ...change, withheld: backoff } });
    expect(decide(failed, free)).toMatchObject({
      kind: 'replaceBeside',
      failedTrial: { name: 'shop-web-1.01234567' },
      change: { withheld: backoff },
      old: { container: { name: 'shop-web-1' } },
    });
  });

  test('that has failed once and is steady now takes over', () => {
    expect(kindOf(onTrial({ health: 'healthy' }, { change: { ...change, withheld: backoff } }))).toBe('continueTrial');
  });
});
