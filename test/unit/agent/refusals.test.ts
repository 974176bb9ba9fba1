import { expect, test } from '@jest/globals';
import { createRefusals } from '../../../src/agent/follow/refusals.ts';
import { InputError, SourceError } from '../../../src/lib/errors.ts';
import { TrustError } from '../../../src/trust/trust-error.ts';

const HOUR = 3_600_000;
const AT = { file: 'sites/a.yaml', line: 3, column: 3 };
const PIN = { revision: 'v1', at: AT };
const [ONE, OTHER] = ['1'.repeat(40), '2'.repeat(40)];

test('a refusal holds until its key is another one, its time is over, or it is cleared', () => {
  const refusals = createRefusals();
  expect(refusals.holds('key', '', 0)).toBe(false);
  refusals.refuse('key');
  expect(refusals.holds('key', 'any pin', 1e12)).toBe(true);
  expect(refusals.holds('other key', '', 0)).toBe(false);
  refusals.refuse('key', HOUR);
  expect([refusals.holds('key', '', HOUR - 1), refusals.holds('key', '', HOUR)]).toEqual([true, false]);
  refusals.refuse('key');
  refusals.clear();
  expect(refusals.holds('key', '', 0)).toBe(false);
});

test('a commit beyond a limit is left alone for twice as long each time, and for a day at most', () => {
  const refusals = createRefusals();
  const waits: number[] = [];
  for (let now = 0; waits.length < 7; ) {
    refusals.refuseTooMuch('key', ONE, now);
    let hours = 0;
    while (refusals.holds('key', '', now + hours * HOUR)) hours += 1;
    waits.push(hours);
    now += hours * HOUR;
  }
  expect(waits).toEqual([1, 2, 4, 8, 16, 24, 24]);
  refusals.refuseTooMuch('key', OTHER, 0);
  expect(refusals.holds('key', '', HOUR)).toBe(false);
});

test('the refusal of a pin ends when the pin names another commit', () => {
  const refusals = createRefusals();
  const error = new TrustError('unsigned', 'commit 1 is not signed');
  refusals.refusePin('key', { pin: PIN, named: { commit: ONE }, error }, 0);
  expect(refusals.holds('key', `v1 ${ONE} `, 1e12)).toBe(true);
  expect(refusals.holds('key', `v1 ${OTHER} `, 0)).toBe(false);
});

test('a pinned commit that may still be pushed, or whose key may become valid, is asked for again', () => {
  const refusals = createRefusals();
  const byId = { revision: ONE, at: AT };
  const absent = new InputError([{ at: AT, message: 'there is no such commit' }]);
  refusals.refusePin('key', { pin: byId, named: { commit: ONE }, error: absent }, 0);
  expect(refusals.holds('key', `${ONE} ${ONE} `, HOUR)).toBe(false);
  refusals.refusePin('key', { pin: PIN, named: { commit: ONE }, error: new TrustError('notYetValid', 'later') }, 0);
  expect(refusals.holds('key', `v1 ${ONE} `, HOUR)).toBe(false);
});

test('a pinned commit beyond a limit is left alone for a day, whatever the site follows meanwhile', () => {
  const refusals = createRefusals();
  const cause = new SourceError('limit', 'too large');
  const error = new InputError([{ at: AT, message: 'cannot be read' }], { cause });
  refusals.refusePin('key', { pin: PIN, named: { commit: ONE }, error }, 0);
  refusals.clear();
  expect(refusals.pinError(ONE, 24 * HOUR - 1)).toBe(error);
  expect(refusals.pinError(ONE, 24 * HOUR)).toBeUndefined();
  expect(refusals.pinError(OTHER, 0)).toBeUndefined();
});
