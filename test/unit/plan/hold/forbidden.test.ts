import { expect, test } from '@jest/globals';
import type { ContainerStatus, DesiredApp, DesiredSite } from '../../../../src/model/state.ts';
import { actualOf, app, bare, service, settled, site, volume } from '../../../support/site/site-builder.ts';
import { planLines } from '../../../support/values/plan-lines.ts';

const problems = [{ message: "the site's policy refuses it (privileged): web: privileged: true" }];
const forbidden = (one: DesiredApp, isStopped = false): DesiredApp => ({ ...one, forbidden: { problems, isStopped } });

const shop = app('shop', service('web', {}, { postStart: ['hello'], preStop: ['bye'] }), volume('data'));
const before = site(shop);
const git = site(forbidden(shop));

/** The site as Git says, with the container in this state. */
const found = (status: ContainerStatus) => {
  const actual = actualOf(before);
  return { ...actual, containers: actual.containers.map((each) => ({ ...each, status, exitCode: 1 })) };
};
const lines = (actual: ReturnType<typeof found>, desired: DesiredSite = git) =>
  planLines({ git: desired, site: actual, memory: settled(before) }).filter((line) => !line.includes('error'));

test('an app that the policy forbids runs on, and is started when it stops', () => {
  expect(lines(found('running'))).toEqual([]);
  expect(lines(found('exited'))).toEqual([
    '1 start shop-web-1: exited with 1 (drift)',
    '2 run post_start[0] in shop-web-1: it has been started (after 1)',
  ]);
});

test('an app that the policy forbids is Degraded, with the rule', () => {
  expect(planLines({ git, site: found('running'), memory: settled(before) })).toEqual([
    "error: Degraded: the site's policy refuses it (privileged): web: privileged: true",
  ]);
});

test('nothing of it is made: no container, no network, no volume', () => {
  const gone = planLines({ git, site: bare(before), memory: settled(before) }).filter(
    (line) => !line.startsWith('error'),
  );
  expect(gone.length).toBeGreaterThan(3);
  expect(gone.filter((line) => !line.includes('withheld by policy'))).toEqual([]);
  const never = lines(found('created'));
  expect(never.filter((line) => /start/.test(line) && !line.includes('withheld by policy'))).toEqual([]);
});

test('nothing of it is replaced, and the container that was to be replaced is started again', () => {
  const next = site(forbidden(app('shop', service('web', { Image: 'web:2' }), volume('data'))));
  expect(lines(found('running'), next).filter((line) => !line.includes('withheld by policy'))).toEqual([]);
  expect(lines(found('exited'), next).filter((line) => !line.includes('withheld by policy'))).toEqual([
    expect.stringMatching(/^\d+ start shop-web-1: exited/),
  ]);
});

test('a service that Git no longer names is pruned', () => {
  const two = site(app('shop', service('web'), service('old')));
  const one = site(forbidden(app('shop', service('web'))));
  expect(planLines({ git: one, site: actualOf(two), memory: settled(one) }).slice(1)).toEqual([
    '1 stop shop-old-1: old is not in Git',
    '2 remove shop-old-1: old is not in Git (after 1)',
  ]);
});

test('with onViolation: stop it is stopped, whatever Git says of suspend and syncPolicy', () => {
  const stopped = { ...forbidden(shop, true), suspend: true, sync: {} };
  expect(lines(found('running'), site(stopped))).toEqual([
    `1 run pre_stop[0] in shop-web-1: ${problems[0]?.message}`,
    `2 stop shop-web-1: ${problems[0]?.message} (after 1)`,
  ]);
  expect(lines(found('exited'), site(stopped))).toEqual([]);
});
