import { expect, test } from '@jest/globals';
import { claimingLabels } from '../../../src/container/labels/labels.ts';
import { composedOf, recognise, stacksOf } from '../../../src/engine/observe/recognise.ts';
import type { Problem } from '../../../src/lib/errors.ts';

const item = (Labels: Record<string, string>) => ({
  Id: 'x',
  Image: 'x',
  ImageID: 'x',
  State: 'running',
  Status: 'Up',
  Labels,
});
const composed = (project: string, directory: string, more: Record<string, string> = {}) =>
  item({
    'com.docker.compose.project': project,
    'com.docker.compose.service': 'web',
    'com.docker.compose.oneoff': 'False',
    'com.docker.compose.project.working_dir': directory,
    ...more,
  });
const own = (site: string, app: string, directory: string) =>
  composed(app, directory, { 'dev.holdfast.site': site, 'dev.holdfast.app': app });

const noImage = (): undefined => undefined;

test('each project with the folders that its containers were started from, ours and those that could be adopted', () => {
  const listed = [
    composed('shop', '/srv/shop'),
    composed('shop', '/srv/shop'),
    own('here', 'shop', '/var/apps/shop'),
    own('here', 'till', '/srv/till'),
    own('there', 'till', '/elsewhere'),
    composed('shop', '/run', { 'com.docker.compose.oneoff': 'True' }),
    composed('desk', 'C:\\desk'),
    item({ 'com.docker.compose.project': 'odd' }),
  ];
  expect(stacksOf(listed, 'here', noImage)).toEqual({ shop: ['/srv/shop', '/var/apps/shop'], till: ['/srv/till'] });
});

const OURS = {
  'dev.holdfast.site': 'here',
  'dev.holdfast.app': 'shop',
  'dev.holdfast.service': 'web',
  'dev.holdfast.number': '1',
};
const COMPOSED = {
  'com.docker.compose.project': 'shop',
  'com.docker.compose.service': 'web',
  'com.docker.compose.oneoff': 'False',
  'com.docker.compose.container-number': '1',
  'com.docker.compose.project.working_dir': '/etc',
};

const seen = (labels: Record<string, string>, image: Record<string, string> | undefined) => {
  const listed = [item({ ...image, ...labels })];
  const problems: Problem[] = [];
  const ours = recognise(listed, 'here', new Set(['shop']), () => image, problems);
  return {
    ours: [...ours.keys()],
    problems,
    composed: composedOf(listed, ours, () => image).length,
    stacks: stacksOf(listed, 'here', () => image),
  };
};
const NOTHING = { ours: [], problems: [], composed: 0, stacks: {} };

test('a container is ours by a label of its own', () => {
  expect(seen(OURS, { maintainer: 'us' }).ours).toEqual(['x']);
  expect(seen(COMPOSED, { maintainer: 'us' }).ours).toEqual(['x']);
});

test('a container whose image brings the label is nobody of ours, nor a stack to adopt', () => {
  expect(seen({}, OURS)).toEqual(NOTHING);
  expect(seen({}, COMPOSED)).toEqual(NOTHING);
  expect(seen(OURS, OURS)).toEqual(NOTHING);
  expect(seen({}, { ...OURS, ...COMPOSED })).toEqual(NOTHING);
  expect(seen({}, { 'dev.holdfast.site': 'here' })).toEqual(NOTHING);
});

test('a container whose image cannot be inspected any more is ours by its label', () => {
  expect(seen(OURS, undefined).ours).toEqual(['x']);
});

test('a container that docker compose started from an image that it built belongs to its stack, and to us if we adopt it', () => {
  const built = { 'com.docker.compose.project': 'shop', 'com.docker.compose.service': 'web' };
  expect(seen({ ...COMPOSED, 'com.docker.compose.project': 'other' }, built)).toEqual({
    ...NOTHING,
    composed: 1,
    stacks: { other: ['/etc'] },
  });
  expect(seen(COMPOSED, built)).toEqual({ ...NOTHING, ours: ['x'], stacks: { shop: ['/etc'] } });
  // Anybody's `docker run` of that image.
  expect(seen({}, built)).toEqual(NOTHING);
});

test('an image that docker compose built for the app itself is used', () => {
  const built = { 'com.docker.compose.project': 'shop', 'com.docker.compose.service': 'web' };
  expect(claimingLabels(built, 'shop')).toEqual([]);
  expect(claimingLabels(built, 'other')).toEqual(['com.docker.compose.project']);
});

test('an image is refused for what it says about whose a container is', () => {
  expect(claimingLabels({ 'dev.holdfast.build': 'x', a: 'b', toString: 'x' })).toEqual(['dev.holdfast.build']);
  expect(claimingLabels(COMPOSED)).toEqual([]);
  expect(claimingLabels(COMPOSED, 'shop')).toEqual(['com.docker.compose.oneoff']);
  expect(claimingLabels(COMPOSED, 'other')).toEqual(['com.docker.compose.oneoff', 'com.docker.compose.project']);
  expect(claimingLabels(undefined, 'shop')).toEqual([]);
});
