import { expect, test } from '@jest/globals';
import {
  type Purpose,
  readRetryKey,
  readSlotKey,
  retryKey,
  type Subject,
  slotKey,
  slotSubject,
} from '../../../src/model/subject.ts';

const slot = { app: 'shop', service: 'web', number: 12 };

test('every subject is read from the key that it was written as', () => {
  const subjects: Subject[] = [
    slotSubject(slot),
    { kind: 'image', reference: 'registry.example:5000/a/b:1@sha256:0' },
    { kind: 'network', name: 'with a space' },
    { kind: 'volume', name: 'data' },
    { kind: 'files', app: 'shop' },
  ];
  const purposes: Purpose[] = ['converge', 'repair', 'hooks', 'previous', 'recreate'];
  for (const subject of subjects)
    for (const purpose of purposes) expect(readRetryKey(retryKey(subject, purpose))).toEqual({ subject, purpose });
  expect(readSlotKey(slotKey(slot))).toEqual(slot);
});

test.each(['', 'converge', 'converge slot', 'try slot shop/web/1', 'converge thing x'])(
  '%j is the key of nothing',
  (key) => {
    expect(readRetryKey(key)).toBeUndefined();
  },
);
