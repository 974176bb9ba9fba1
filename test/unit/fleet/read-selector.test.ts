import { expect, test } from '@jest/globals';
import { readSelector } from '../../../src/fleet/keys/read-selector.ts';
import { selects } from '../../../src/fleet/keys/selector.ts';

const site = { name: 'a', labels: { region: 'eu', ring: 'canary', 'example.com/zone': 'b' } };

test.each([
  ['region=eu', true],
  ['region==eu', true],
  ['region = eu', true],
  ['region=us', false],
  ['region!=us', true],
  ['nothing!=us', true],
  ['ring', true],
  ['!ring', false],
  ['!gpu', true],
  ['region in (us,eu)', true],
  ['region notin (us, eu)', false],
  ['example.com/zone in (a,b),region=eu,!gpu', true],
  ['region=eu,ring=most', false],
])('%s: %s', (text, isSelected) => {
  expect(selects(readSelector(text), site)).toBe(isSelected);
});

test.each(['', 'region=eu,', 'region in eu', 'region in (', 'a b', '=eu', '!', 'a=b=c', 'region in (a)(b)'])(
  '%j is refused',
  (text) => {
    expect(() => readSelector(text)).toThrow(/is no condition on a label/);
  },
);
