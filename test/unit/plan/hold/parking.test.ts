import { describe, expect, test } from '@jest/globals';
import { emptyMemory, type Memory } from '../../../../src/model/memory.ts';
import type { Parking } from '../../../../src/model/requirement.ts';
import type { ActualContainer, ActualSite, DesiredSite } from '../../../../src/model/state.ts';
import { isConverged } from '../../../../src/plan/draft/withhold.ts';
import { agentOptions } from '../../../../src/plan/facts/policy.ts';
import { noteParked } from '../../../../src/plan/memory/parked.ts';
import { rememberConverged, updateFromState } from '../../../../src/plan/memory/update.ts';
import { plan } from '../../../../src/plan/plan.ts';
import { renderChanges } from '../../../../src/plan/print/render-changes.ts';
import { actualOf, app, automated, bare, but, ON, service, site, volume } from '../../../support/site/site-builder.ts';
import { planLines } from '../../../support/values/plan-lines.ts';
import { port } from '../hand-over/sharing.ts';

const LOST: Parking = { reason: 'needs /dev/ttyUSB0', stops: true };
const SOON: Parking = { ...LOST, stops: false, stopsAt: 10_000 };
const KEPT: Parking = { ...LOST, stops: false };
const lacking = (parking: Parking, name = 'pos') => ({ parked: new Map([[name, parking]]) });

const git = site(
  app('pos', service('till', {}, { dependsOn: ['db'], preStop: ['bye'] }), service('db')),
  app('web', service('web')),
);
const converged = (desired: DesiredSite): Memory => desired.apps.reduce(rememberConverged, emptyMemory());

/** The site after the plan has stopped what it stops, with the memory of it. */
function stopped(desired: DesiredSite, actual: ActualSite, ended: Partial<ActualContainer> = {}) {
  const memory = converged(desired);
  const made = plan(desired, actual, memory, 0, { ...agentOptions, ...lacking(LOST) });
  const operations = made.apps.flatMap((each) => each.operations);
  const noted = noteParked(memory, lacking(LOST).parked, operations, actual);
  const names = operations.flatMap((each) => (each.kind === 'stopContainer' ? [each.container.name] : []));
  const after = names.reduce(
    (here, name) => but(here, name, { status: 'exited', exitCode: 143, health: 'none', ...ended }),
    actual,
  );
  return { site: after, memory: updateFromState(noted, desired, after, 0) };
}

describe('an app whose site lacks something that it requires', () => {
  test('is stopped, dependents first and by their hooks, and nothing of it is removed', () => {
    expect(planLines({ git, site: actualOf(git), options: lacking(LOST) })).toEqual([
      '1 run pre_stop[0] in pos-till-1: needs /dev/ttyUSB0',
      '2 stop pos-till-1: needs /dev/ttyUSB0 (after 1)',
      '3 stop pos-db-1: needs /dev/ttyUSB0 (after 2)',
    ]);
  });

  test('says so in the plan, and is neither converged nor failed', () => {
    const { memory, site: here } = stopped(git, actualOf(git));
    const made = plan(git, here, memory, 0, { ...agentOptions, ...lacking(LOST) });
    const [pos] = made.apps;
    expect(pos).toMatchObject({ operations: [], problems: [], parked: { reason: 'needs /dev/ttyUSB0', isDue: true } });
    expect(pos && isConverged(pos)).toBe(false);
    const text = renderChanges(made)
      .map(({ sent }) => sent)
      .join('\n');
    expect(text).toContain('pos\n  = is parked: needs /dev/ttyUSB0');
  });

  test('is not made where it never ran: nothing is pulled, and no network or volume is made', () => {
    const fresh = site(app('pos', service('till'), volume('data')));
    expect(planLines({ git: fresh, site: bare(fresh), options: lacking(LOST) })).toEqual([]);
  });

  test('is left alone while a device is away for a moment, and where Git says that it is kept', () => {
    for (const parking of [SOON, KEPT])
      expect(planLines({ git, site: actualOf(git), options: lacking(parking) })).toEqual([]);
    const [pos] = plan(git, actualOf(git), emptyMemory(), 0, { ...agentOptions, ...lacking(SOON) }).apps;
    expect(pos?.parked?.isDue).toBe(false);
  });

  test('is not healed: a container that lost its device is not started in vain', () => {
    const here = but(actualOf(git), 'pos-till-1', { status: 'exited', exitCode: 1 });
    expect(planLines({ git, site: here, options: lacking(KEPT) })).toEqual([]);
  });

  test('is not pruned, whatever Git says of its services', () => {
    const less = site(app('pos', service('db')), app('web', service('web')));
    expect(planLines({ git: less, site: actualOf(git), options: lacking(LOST) }).join()).not.toContain('remove');
  });

  test('holds up no other app', () => {
    const here = but(actualOf(git), 'web-web-1', { status: 'exited', exitCode: 1 });
    const lines = planLines({ git, site: here, options: lacking(LOST) });
    expect(lines.at(-1)).toBe('1 start web-web-1: exited with 1 (drift)');
  });

  test.each([
    ['a suspended app', { suspend: true }, 'suspend'],
    ['an app that is only reported', { sync: {} }, 'automated'],
  ])('%s is not stopped', (_, changes, by) => {
    const held = site({ ...app('pos', service('till')), ...changes });
    expect(planLines({ git: held, site: actualOf(held), options: lacking(LOST) })).toEqual([
      `1 stop pos-till-1: needs /dev/ttyUSB0 (withheld by ${by})`,
    ]);
  });

  test('is stopped whatever the sync windows and selfHeal say', () => {
    const held = site({ ...app('pos', service('till')), sync: automated({ selfHeal: false }) });
    const closed = { isOpen: false, text: 'closed', byHand: false };
    const windows = { apps: new Map([['pos', closed]]), others: closed };
    expect(planLines({ git: held, site: actualOf(held), options: { ...lacking(LOST), windows } })).toEqual([
      '1 stop pos-till-1: needs /dev/ttyUSB0',
    ]);
  });
});

describe('when the site has it again', () => {
  test('all of the app is started, dependencies first', () => {
    expect(planLines({ git, ...stopped(git, actualOf(git)) })).toEqual([
      '1 start pos-db-1: was parked',
      '2 start pos-till-1: was parked (after 1)',
    ]);
  });

  test('it is started without selfHeal and while sync windows are closed: nobody stopped it by hand', () => {
    const quiet = site({ ...app('pos', service('till')), sync: automated({ selfHeal: false }) });
    const closed = { isOpen: false, text: 'closed', byHand: false };
    const windows = { apps: new Map([['pos', closed]]), others: closed };
    expect(planLines({ git: quiet, ...stopped(quiet, actualOf(quiet)), options: { windows } })).toEqual([
      '1 start pos-till-1: was parked',
    ]);
  });

  test('a container that ended with 0 when it was stopped has not done its work', () => {
    const job = site(app('pos', service('till', { RestartPolicy: { Name: 'on-failure' } })));
    const after = stopped(job, actualOf(job), { exitCode: 0 });
    expect(after.memory.completed).toEqual({});
    expect(planLines({ git: job, ...after })).toEqual(['1 start pos-till-1: was parked']);
  });

  test('a one-shot that had done its work before is not run again', () => {
    const job = site(app('pos', service('till'), service('setup', { RestartPolicy: { Name: 'no' } })));
    const here = but(actualOf(job), 'pos-setup-1', { status: 'exited', exitCode: 0 });
    expect(planLines({ git: job, ...stopped(job, here) })).toEqual(['1 start pos-till-1: was parked']);
  });

  test('a container that ended when the device went is started, too', () => {
    const quiet = site({ ...app('pos', service('till')), sync: automated({ selfHeal: false }) });
    const here = but(actualOf(quiet), 'pos-till-1', { status: 'exited', exitCode: 1 });
    expect(planLines({ git: quiet, ...stopped(quiet, here) })).toEqual(['1 start pos-till-1: was parked']);
  });

  test('failures without the device are forgotten, so that it is started at once', () => {
    const here = but(actualOf(git), 'pos-till-1', { status: 'exited', exitCode: 1 });
    const failed = { goal: 'x', failures: 9, until: 1e9, error: 'no such device' };
    const memory = { ...converged(git), backoffs: { 'converge slot pos/till/1': failed } };
    expect(noteParked(memory, lacking(LOST).parked, [], here).backoffs).toEqual({});
  });

  test('the memory of it ends with the next run', () => {
    const { memory, site: here } = stopped(git, actualOf(git));
    expect(Object.keys(memory.parked).sort()).toEqual(['pos/db/1', 'pos/till/1']);
    const again = ['pos-db-1', 'pos-till-1'].reduce(
      (now, name) => but(now, name, { status: 'running', exitCode: 0, startedAt: '2026-06-01T00:00:00Z' }),
      here,
    );
    expect(updateFromState(memory, git, again, 0).parked).toEqual({});
  });
});

test('An app that waits for a port of a parked one is told so', () => {
  const ports = port('80');
  const before = site(app('pos', service('till', ports)), app('web', service('web')));
  const after = site(app('pos', service('till')), app('web', service('web', ports)));
  const lines = planLines({ git: after, site: actualOf(before), options: lacking(KEPT) });
  expect(lines[0]).toMatch(/held by container pos-till-1 of app pos, which is not stopped: pos is parked: needs/);
});

describe('an app that only a fact of the site keeps away', () => {
  const left = (changes: Partial<DesiredSite> = {}): DesiredSite => ({
    ...site(app('web', service('web'))),
    vanished: ON,
    elsewhere: ['pos'],
    leftByFact: { pos: 'its placement does not take holdfast.arch amd64' },
    ...changes,
  });

  test('is stopped and not removed', () => {
    expect(planLines({ git: left(), site: actualOf(git) })).toEqual([
      '1 stop pos-till-1: its placement does not take holdfast.arch amd64',
      '2 stop pos-db-1: its placement does not take holdfast.arch amd64 (after 1)',
    ]);
  });

  test('is removed once Git does not place it here, whatever the facts', () => {
    const gone = left({ leftByFact: undefined, pruneThreshold: 100 });
    expect(planLines({ git: gone, site: actualOf(git) }).join()).toContain(
      'remove pos-till-1: not placed on this site',
    );
  });

  test('leaves no trace where it never ran', () => {
    const fresh = left();
    expect(planLines({ git: fresh, site: actualOf(fresh) })).toEqual([]);
  });
});
