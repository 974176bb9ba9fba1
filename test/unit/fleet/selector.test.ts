import { expect, test } from '@jest/globals';
import { selects } from '../../../src/fleet/keys/selector.ts';
import type { Placement } from '../../../src/model/fleet.ts';

const site = { name: 'eu/shop-17', labels: { region: 'eu', gpu: '' } };

const cases: [boolean, Placement][] = [
  [true, {}],
  [true, { sites: ['eu/shop-17', 'x'] }],
  [false, { sites: ['shop-17'] }],
  [false, { sites: [] }],
  [true, { matchLabels: {} }],
  [true, { matchLabels: { region: 'eu', gpu: '' } }],
  [false, { matchLabels: { region: 'us' } }],
  [false, { matchLabels: { constructor: 'x' } }],
  [true, { matchExpressions: [] }],
  [true, { matchExpressions: [{ key: 'region', operator: 'In', values: ['us', 'eu'] }] }],
  [false, { matchExpressions: [{ key: 'region', operator: 'In', values: ['us'] }] }],
  [false, { matchExpressions: [{ key: 'tier', operator: 'In', values: ['1'] }] }],
  [true, { matchExpressions: [{ key: 'region', operator: 'NotIn', values: ['us'] }] }],
  [false, { matchExpressions: [{ key: 'region', operator: 'NotIn', values: ['eu'] }] }],
  [true, { matchExpressions: [{ key: 'tier', operator: 'NotIn', values: ['1'] }] }],
  [true, { matchExpressions: [{ key: 'gpu', operator: 'Exists' }] }],
  [false, { matchExpressions: [{ key: 'toString', operator: 'Exists' }] }],
  [true, { matchExpressions: [{ key: 'tier', operator: 'DoesNotExist' }] }],
  [false, { matchExpressions: [{ key: 'gpu', operator: 'DoesNotExist' }] }],
  [false, { matchLabels: { region: 'eu' }, sites: ['other'] }],
  [false, { matchLabels: { region: 'us' }, sites: ['eu/shop-17'] }],
];

test.each(cases)('%j: %j', (expected, placement) => {
  expect(selects(placement, site)).toBe(expected);
});
