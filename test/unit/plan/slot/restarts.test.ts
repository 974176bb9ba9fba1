import { expect, test } from '@jest/globals';
import type { ContainerSpec } from '../../../../src/model/spec.ts';
import { actualOf, app, but, service, settled, site } from '../../../support/site/site-builder.ts';
import { planLines } from '../../../support/values/plan-lines.ts';

type Policy = NonNullable<ContainerSpec['RestartPolicy']>['Name'];
const gitWith = (Name: Policy, Image = 'web:1') =>
  site(app('shop', service('web', { Image, RestartPolicy: { Name } })));

const exited = (policy: Policy, exitCode: number, changes = {}): string[] => {
  const git = gitWith(policy);
  const actual = but(actualOf(git), 'shop-web-1', { status: 'exited', exitCode, ...changes });
  return planLines({ git, site: actual, memory: settled(git) });
};

test.each(['no', 'on-failure'] as const)('policy %s: one that exited with 0 has done its work', (policy) => {
  expect(exited(policy, 0)).toEqual([]);
});

test.each(['always', 'unless-stopped'] as const)(
  'policy %s: one that exited was stopped by hand, and starts',
  (policy) => {
    expect(exited(policy, 0)).toEqual(['1 start shop-web-1: exited with 0 (drift)']);
  },
);

test.each(['no', 'on-failure', 'always', 'unless-stopped'] as const)(
  'policy %s: one that failed starts again',
  (policy) => {
    expect(exited(policy, 1)).toEqual(['1 start shop-web-1: exited with 1 (drift)']);
    expect(exited(policy, 0, { oomKilled: true })).toEqual(['1 start shop-web-1: ran out of memory (drift)']);
  },
);

test('a start that failed tells why it is tried again', () => {
  expect(exited('no', 127, { status: 'created', startedAt: '', error: 'exec: "x": not found' })).toEqual([
    '1 start shop-web-1: did not start: exec: "x": not found',
  ]);
});

test('a job runs once for what it was asked, and again when it is asked something else', () => {
  const git = gitWith('no');
  const goal = actualOf(git).containers[0]?.specHash as string;
  const done = { completed: { 'shop/web/1': goal } };
  const pruned = { ...actualOf(git), containers: [] };
  expect(planLines({ git, site: pruned, memory: settled(git, done) })).toEqual([]);
  const next = gitWith('no', 'web:2');
  expect(planLines({ git: next, site: pruned, memory: settled(git, done) })).toEqual([
    '1 pull web:2: not on the disk',
    '2 create shop-web-1: no such container (after 1)',
    '3 start shop-web-1: new (after 2)',
  ]);
});

test('a place in its backoff is withheld until then, with what went wrong', () => {
  const git = gitWith('no');
  const goal = actualOf(git).containers[0]?.specHash as string;
  const failed = (goal: string) => ({
    'converge slot shop/web/1': { goal, failures: 3, until: 9000, error: 'no space' },
  });
  const actual = but(actualOf(git), 'shop-web-1', { status: 'exited', exitCode: 1 });
  const at = (now: number, memory = settled(git, { backoffs: failed(goal) })) =>
    planLines({ git, site: actual, memory, now });
  expect(at(8999)).toEqual(['1 start shop-web-1: exited with 1 (drift) (withheld by backoff)']);
  expect(at(9000)).toEqual(['1 start shop-web-1: exited with 1 (drift)']);
  expect(at(0, settled(git, { backoffs: failed('goal of another revision') }))).toEqual([
    '1 start shop-web-1: exited with 1 (drift)',
  ]);
});
