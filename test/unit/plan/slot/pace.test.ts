import { expect, test } from '@jest/globals';
import type { Memory } from '../../../../src/model/memory.ts';
import type { ActualContainer, ActualSite, DesiredSite, UpdatePolicy } from '../../../../src/model/state.ts';
import { agentOptions } from '../../../../src/plan/facts/policy.ts';
import { temporaryName } from '../../../../src/plan/facts/temporary-names.ts';
import { updateFromOutcome } from '../../../../src/plan/memory/update.ts';
import { plan } from '../../../../src/plan/plan.ts';
import {
  actualOf,
  app,
  bare,
  but,
  running,
  service,
  settled,
  site,
  volume,
} from '../../../support/site/site-builder.ts';

const policy = (changes: Partial<UpdatePolicy> = {}): UpdatePolicy => ({
  parallelism: 1,
  delayMs: 0,
  monitorMs: 0,
  failureAction: 'pause',
  maxFailureRatio: 0,
  order: 'stop-first',
  ...changes,
});

/** Four replicas of an image, updated by a policy. */
const gitWith = (Image: string, update: UpdatePolicy): DesiredSite => {
  const wanted = app('shop', service('web', { Image }, { replicas: 4 }));
  return site({ ...wanted, services: wanted.services.map((each) => ({ ...each, update })) });
};

/** The old replicas, of which some are new already, in some state. */
function during(
  update: UpdatePolicy,
  done: Record<number, Partial<ActualContainer>>,
): { git: DesiredSite; at: ActualSite } {
  const [before, git] = [gitWith('web:1', update), gitWith('web:2', update)];
  let at: ActualSite = { ...actualOf(before), images: { ...actualOf(before).images, ...bare(git).images } };
  const [wanted] = git.apps;
  for (const [number, changes] of Object.entries(done)) {
    const container = wanted?.services[0]?.containers[Number(number) - 1];
    if (wanted && container) at = but(at, container.name, running(wanted, 'web', container, changes));
  }
  return { git, at };
}

/** Numbers of the replicas that are replaced, and why the others are not. */
function replaced(
  { git, at }: ReturnType<typeof during>,
  memory: Memory = settled(gitWith('web:1', policy())),
  now = 0,
) {
  const made = plan(git, at, memory, now, agentOptions).apps[0]?.operations ?? [];
  const created = made.flatMap((each) => (each.kind === 'createContainer' ? [each] : []));
  const numbers = created.filter(({ withheld }) => !withheld).map(({ identity }) => identity.number);
  const [why] = created.flatMap(({ withheld }) => (withheld ? [`${withheld.by}: ${withheld.text}`] : []));
  return why === undefined ? numbers : [...numbers, why];
}

test('as many at once as parallelism says, and all for 0', () => {
  const one = 'updateConfig: update_config replaces 1 of web at once';
  expect(replaced(during(policy(), {}))).toEqual([1, one]);
  expect(replaced(during(policy({ parallelism: 3 }), {}))).toEqual([1, 2, 3, one.replace('1 of', '3 of')]);
  expect(replaced(during(policy({ parallelism: 0 }), {}))).toEqual([1, 2, 3, 4]);
  expect(replaced(during(policy(), { 1: {} }))).toEqual([2, one]);
});

test('one that has yet to become healthy takes its turn', () => {
  const starting = { 1: { health: 'starting' as const } };
  expect(replaced(during(policy(), starting))).toEqual(['updateConfig: update_config replaces 1 of web at once']);
  expect(replaced(during(policy({ parallelism: 2 }), starting)).slice(0, 1)).toEqual([2]);
});

test('after one that fails the others wait, unless they are to go on', () => {
  const failing = { 1: { status: 'restarting' as const } };
  const paused = 'updateConfig: 1 of 4 replicas of web fail since they were updated, and update_config pauses then';
  expect(replaced(during(policy(), failing))).toEqual([paused]);
  expect(replaced(during(policy({ failureAction: 'continue' }), failing)).slice(0, 1)).toEqual([2]);
  expect(replaced(during(policy({ maxFailureRatio: 0.25 }), failing)).slice(0, 1)).toEqual([2]);
});

test('one whose replacement failed is tried again, and only that', () => {
  const { git, at } = during(policy(), {});
  const first = plan(git, at, settled(gitWith('web:1', policy())), 0, agentOptions).apps[0]?.operations[0];
  const goal = first?.retry?.goal ?? '';
  const memory = {
    ...settled(gitWith('web:1', policy())),
    backoffs: { 'converge slot shop/web/1': { goal, failures: 1, until: 10_000, error: 'no' } },
  };
  expect(replaced({ git, at }, memory, 20_000)[0]).toBe(1);
  expect(replaced({ git, at }, memory, 20_000)).toHaveLength(2);
});

test('the next one follows after the delay, and no sooner than the new one was watched', () => {
  const update = policy({ delayMs: 30_000, monitorMs: 5000 });
  const { git, at } = during(update, { 1: {} });
  const operation = plan(git, during(update, {}).at, settled(git), 0, agentOptions).apps[0]?.operations.find(
    ({ kind, withheld }) => kind === 'startContainer' && !withheld,
  );
  if (!operation) throw new Error('nothing is started');
  const results = [{ operation, status: 'done' as const }];
  const memory = updateFromOutcome(
    settled(git),
    git.apps[0] as (typeof git.apps)[0],
    { app: 'shop', results },
    0,
    () => 0,
  );
  expect(replaced({ git, at }, memory, 1000)).toEqual(['updateConfig: update_config lets the next one follow in 29 s']);
  expect(replaced({ git, at }, memory, 30_000)[0]).toBe(2);
});

test('a vacant place is filled at once', () => {
  const { git, at } = during(policy(), { 1: { status: 'restarting' } });
  const without = but(at, 'shop-web-3', undefined);
  expect(replaced({ git, at: without })[0]).toBe(3);
});

test('a replacement that has begun goes on, although a new service waits for the data of all replicas', () => {
  const data = { Mounts: [{ Type: 'volume' as const, Source: 'shop_data', Target: '/data' }] };
  const front = (spec: object) => service('front', spec, { replicas: 2, update: policy() });
  const before = site(app('shop', front(data), volume('data')));
  const git = site(app('shop', front({}), service('sync', data), volume('data')));
  const at = { ...actualOf(before), images: bare(git).images };
  const [shop] = git.apps;
  const wanted = shop?.services.find(({ name }) => name === 'front')?.containers[0];
  if (!shop || !wanted) throw new Error('no front in Git');
  const successor = running(shop, 'front', wanted, { id: 'next', name: temporaryName(wanted), status: 'created' });
  const begun = { ...at, containers: [...at.containers, successor] };
  const operations = plan(git, begun, settled(before), 0, agentOptions).apps[0]?.operations ?? [];
  const stop = operations.find((each) => each.kind === 'stopContainer' && each.container.name === 'shop-front-1');
  const start = operations.find((each) => each.kind === 'startContainer' && each.container.name === successor.name);
  expect([stop?.withheld, start?.withheld]).toEqual([undefined, undefined]);
});

test('a replacement that has begun gets data from another service, although the next replica waits for it', () => {
  const data = { Mounts: [{ Type: 'volume' as const, Source: 'shop_data', Target: '/data' }] };
  const front = (spec: object) => service('front', spec, { replicas: 2, update: policy() });
  const before = site(app('shop', front({}), service('cache', data), volume('data')));
  const git = site(app('shop', front(data), service('cache', {}), volume('data')));
  const at = { ...actualOf(before), images: bare(git).images };
  const [shop] = git.apps;
  const wanted = shop?.services.find(({ name }) => name === 'front')?.containers[0];
  if (!shop || !wanted) throw new Error('no front in Git');
  const successor = running(shop, 'front', wanted, { id: 'next', name: temporaryName(wanted), status: 'created' });
  const begun = { ...at, containers: [...at.containers, successor] };
  const operations = plan(git, begun, settled(before), 0, agentOptions).apps[0]?.operations ?? [];
  const stop = (name: string) =>
    operations.find((each) => each.kind === 'stopContainer' && each.container.name === name);
  const start = operations.find((each) => each.kind === 'startContainer' && each.container.name === successor.name);
  expect([stop('shop-cache-1'), stop('shop-front-1'), start].map((each) => each?.withheld)).toEqual([
    undefined,
    undefined,
    undefined,
  ]);
  expect(stop('shop-front-2')?.withheld?.by).toBe('updateConfig');
});

test('replicas that join a service let go of its data at once, although update_config would replace them one by one', () => {
  const data = { Mounts: [{ Type: 'volume' as const, Source: 'shop_data', Target: '/data' }] };
  const joined = { NetworkMode: 'service:front' };
  const back = (spec: object) =>
    service('back', { ...joined, ...spec }, { replicas: 2, update: policy(), dependsOn: ['front'] });
  const before = site(app('shop', service('front', {}), back(data), volume('data')));
  const git = site(app('shop', service('front', { ...data, Image: 'front:2' }), back({}), volume('data')));
  const at = { ...actualOf(before), images: { ...actualOf(before).images, ...bare(git).images } };
  const operations = plan(git, at, settled(before), 0, agentOptions).apps[0]?.operations ?? [];
  const byName = (kind: string, name: string) =>
    operations.filter((each) => each.kind === kind && 'container' in each && each.container.name === name);
  const early = ['shop-back-1', 'shop-back-2'].map((name) => byName('stopContainer', name)[0]);
  const start = operations.find(({ kind, service }) => kind === 'startContainer' && service === 'front');
  expect(early.map((each) => each?.reason)).toEqual(
    early.map(() => 'lets go of the volume shop_data, which shop-front-1 needs'),
  );
  expect([...early, start].map((each) => each?.withheld)).toEqual([undefined, undefined, undefined]);
  expect(byName('startContainer', 'shop-back-2').map(({ withheld }) => withheld)).toContain(undefined);
  expect(operations.filter(({ withheld }) => withheld)).toEqual([]);
});

test('update_config gives way where the replica whose turn it is waits for the data of one whose turn comes later', () => {
  const mount = (name: string) => ({ Mounts: [{ Type: 'volume' as const, Source: `shop_${name}`, Target: '/data' }] });
  const two = (spec: object) => service('web', spec, { replicas: 2, update: policy(), dependsOn: ['db'] });
  const parts = [volume('data'), volume('more')];
  const before = site(app('shop', service('db', mount('more')), two(mount('data')), ...parts));
  const git = site(app('shop', service('db', mount('data')), two(mount('more')), ...parts));
  const at = { ...actualOf(before), images: { ...actualOf(before).images, ...bare(git).images } };
  const operations = plan(git, at, settled(before), 0, agentOptions).apps[0]?.operations ?? [];
  expect(operations.filter(({ withheld }) => withheld)).toEqual([]);
  const apart = site(app('shop', service('db', { Image: 'db:2' }), two({ Image: 'web:2' }), ...parts));
  const images = { ...actualOf(before).images, ...bare(apart).images };
  const paced = plan(apart, { ...at, images }, settled(before), 0, agentOptions).apps[0]?.operations ?? [];
  expect(paced.filter(({ withheld }) => withheld?.turnOf === 'web')).not.toEqual([]);
});
