import { expect, test } from '@jest/globals';
import { emptyMemory } from '../../../../src/model/memory.ts';
import type { ContainerSpec } from '../../../../src/model/spec.ts';
import { agentOptions } from '../../../../src/plan/facts/policy.ts';
import { plan } from '../../../../src/plan/plan.ts';
import { actualOf, app, but, butSpec, network, service, settled, site } from '../../../support/site/site-builder.ts';
import { planLines } from '../../../support/values/plan-lines.ts';

const M = 2 ** 20;
const gitWith = (spec: Partial<ContainerSpec>) => site(app('shop', service('web', spec)));

/** The changes that the engine is asked for when somebody changed the container to `found`. */
const changes = (wanted: Partial<ContainerSpec>, found: Partial<ContainerSpec>) => {
  const git = gitWith(wanted);
  const [only] = plan(git, butSpec(actualOf(git), 'shop-web-1', found), emptyMemory(), 0, agentOptions).apps;
  return only?.operations.map((each) => (each.kind === 'updateContainer' ? each.changes : each.kind));
};

test('limits and the restart policy are set back in place', () => {
  const git = gitWith({ Memory: 64 * M, NanoCpus: 5e8, RestartPolicy: { Name: 'always' } });
  const found = { Memory: 32 * M, NanoCpus: 1e9, RestartPolicy: { Name: 'no' as const } };
  const memory = settled(git);
  expect(planLines({ git, memory, site: butSpec(actualOf(git), 'shop-web-1', found) })).toEqual([
    '1 update shop-web-1: restart: no, wanted always; memory: 32m, wanted 64m; cpus: 1, wanted 0.5',
  ]);
});

test('memory raised by `docker update` takes the swap with it, in one call', () => {
  expect(changes({ Memory: 64 * M }, { Memory: 128 * M, MemorySwap: 128 * M })).toEqual([
    { Memory: 64 * M, MemorySwap: 128 * M },
  ]);
  expect(changes({ Memory: 64 * M }, { Memory: 64 * M, MemorySwap: -1 })).toEqual([
    { Memory: 64 * M, MemorySwap: 128 * M },
  ]);
});

test('a restart policy that Git does not name is set back to none', () => {
  expect(changes({}, { RestartPolicy: { Name: 'always' } })).toEqual([{ RestartPolicy: { Name: 'no' } }]);
});

test('a limit that Git does not name cannot be taken away in place', () => {
  const git = gitWith({});
  expect(
    planLines({ git, memory: settled(git), site: butSpec(actualOf(git), 'shop-web-1', { CpuShares: 2 }) })[0],
  ).toBe('1 create shop-web-1.new: replaces shop-web-1: cpu_shares: 2, wanted none (drift)');
});

test('an engine that cannot update gets a new container instead', () => {
  const git = gitWith({ Memory: 64 * M });
  const actual = butSpec(actualOf(git, { update: false }), 'shop-web-1', { Memory: 32 * M });
  expect(planLines({ git, site: actual, memory: settled(git) })[0]).toBe(
    '1 create shop-web-1.new: replaces shop-web-1: memory: 32m, wanted 64m (drift)',
  );
});

test('a renamed container gets its name back, and keeps running', () => {
  const git = gitWith({});
  expect(planLines({ git, memory: settled(git), site: but(actualOf(git), 'shop-web-1', { name: 'web2' }) })).toEqual([
    '1 rename web2 to shop-web-1: is called web2',
  ]);
});

test('a paused container is unpaused', () => {
  const git = gitWith({});
  expect(
    planLines({ git, memory: settled(git), site: but(actualOf(git), 'shop-web-1', { status: 'paused' }) }),
  ).toEqual(['1 unpause shop-web-1: paused (drift)']);
});

test('lost networks and aliases come back, foreign ones go, without a restart', () => {
  const Networks = { shop_a: { Aliases: ['web'] }, shop_b: {} };
  const git = site(app('shop', network('a'), network('b'), service('web', { Networks })));
  const found = { Networks: { shop_a: {}, playground: {} } };
  expect(planLines({ git, memory: settled(git), site: butSpec(actualOf(git), 'shop-web-1', found) })).toEqual([
    '1 disconnect shop-web-1 from playground: connected to playground, which it should not be',
    '2 disconnect shop-web-1 from shop_a: on shop_a: aliases none, wanted web',
    '3 connect shop-web-1 to shop_a: on shop_a: aliases none, wanted web (after 2)',
    '4 connect shop-web-1 to shop_b: not connected to shop_b',
  ]);
});

test('a stopped container that was disconnected and updated is repaired before it starts', () => {
  const git = gitWith({ Memory: 64 * M });
  const actual = but(butSpec(actualOf(git), 'shop-web-1', { Memory: 6 * M, Networks: {} }), 'shop-web-1', {
    status: 'exited',
    exitCode: 137,
    name: 'w',
  });
  expect(planLines({ git, memory: settled(git), site: actual })).toEqual([
    '1 connect w to shop_default: not connected to shop_default',
    '2 update w: memory: 6m, wanted 64m',
    '3 start w: exited with 137 (drift) (after 1, 2)',
    '4 rename w to shop-web-1: is called w',
  ]);
});

test('a limit that cannot be set now keeps a container down for one pass and no longer', () => {
  const git = gitWith({ Memory: 64 * M });
  const down = { status: 'exited' as const, exitCode: 137 };
  const actual = but(butSpec(actualOf(git), 'shop-web-1', { Memory: 6 * M }), 'shop-web-1', down);
  const backoff = { goal: 'memory: 6m, wanted 64m', failures: 1, until: 9000, error: 'no such cgroup' };
  expect(
    planLines({ git, memory: settled(git, { backoffs: { 'repair slot shop/web/1': backoff } }), site: actual }),
  ).toEqual([
    '1 update shop-web-1: memory: 6m, wanted 64m (withheld by backoff)',
    '2 start shop-web-1: exited with 137 (drift)',
  ]);
});

test('a dead container is replaced', () => {
  const git = gitWith({});
  expect(planLines({ git, memory: settled(git), site: but(actualOf(git), 'shop-web-1', { status: 'dead' }) })).toEqual([
    '1 create shop-web-1.new: replaces shop-web-1: the engine calls it dead (drift)',
    '2 start shop-web-1.new: takes over (after 1)',
    '3 remove shop-web-1.new: it did not start (only if 2 fails)',
    '4 remove shop-web-1: shop-web-1.new has taken over (after 2)',
    '5 rename shop-web-1.new to shop-web-1: the name that web gets (after 4)',
  ]);
});

test('a container that the engine is restarting is left to the engine', () => {
  const git = gitWith({ RestartPolicy: { Name: 'always' } });
  expect(
    planLines({ git, memory: settled(git), site: but(actualOf(git), 'shop-web-1', { status: 'restarting' }) }),
  ).toEqual([]);
});
