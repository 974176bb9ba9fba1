import { describe, expect, test } from '@jest/globals';
import { schemaProblems } from '../../../src/fleet/schema/schema.ts';
import { objectId } from '../../../src/git/objects/git-object.ts';
import { type Beacon, beaconPayload, beaconRef, freshness, readBeacon } from '../../../src/trust/beacon.ts';
import { signSsh } from '../../../src/trust/signature/ssh-sign.ts';
import { siteTime } from '../../../src/trust/site-time.ts';
import { parseTrust } from '../../../src/trust/trust-file.ts';
import { type Person, person } from '../../support/git/forge.ts';

const HOUR = 3_600_000;
const issued = Date.UTC(2026, 5, 1);
const beacon: Beacon = {
  oid: '1'.repeat(40),
  commit: '2'.repeat(40),
  sequence: 4,
  issued,
  expires: issued + 24 * HOUR,
};
const at = (now: number | undefined, looked = 0) => ({ now, seenAt: 0, monotonic: looked });

describe('freshness', () => {
  test('ends when the beacon expires', () => {
    expect(freshness(beacon, 'optional', at(issued + 23 * HOUR)).state).toBe('Fresh');
    expect(freshness(beacon, 'optional', at(issued + 24 * HOUR))).toEqual({
      state: 'Stale',
      why: 'the newest beacon, number 4 of 2026-06-01T00:00:00Z, expired at 2026-06-02T00:00:00Z: what the repo shows may be old',
    });
  });

  test('ends after the lifetime of the beacon, also without a clock or with one that does not move', () => {
    for (const now of [undefined, issued]) {
      expect(freshness(beacon, 'optional', at(now, 23 * HOUR)).state).toBe('Fresh');
      expect(freshness(beacon, 'optional', at(now, 24 * HOUR)).state).toBe('Stale');
    }
  });

  test('needs a beacon only where trust.yaml asks for one', () => {
    expect(freshness(undefined, 'optional', at(issued)).state).toBe('Unknown');
    expect(freshness(undefined, 'required', at(issued)).state).toBe('Stale');
    expect(freshness(undefined, 'binding', at(issued)).state).toBe('Stale');
  });
});

describe('a beacon', () => {
  const ada = person('ada');
  const shop = person('shop');
  const signers = [
    { name: 'ada', ssh: [ada.line] },
    { name: 'shop', ssh: [shop.line], paths: ['apps/shop'] },
  ];
  const text = JSON.stringify({ apiVersion: 'holdfast/v1', kind: 'Trust', spec: { verify: 'every', signers } });

  async function read(by: Person, sequence: number, when: number, now?: number): Promise<string> {
    const trust = await parseTrust(text, 'trust.yaml', (root) => schemaProblems(root, 'Trust'));
    const content = { revision: 'main', commit: '2'.repeat(40), sequence, issued: when, expires: when + HOUR };
    const payload = beaconPayload(content);
    const tag = Buffer.from(payload + signSsh(by.key, Buffer.from(payload), 'holdfast-beacon'));
    return readBeacon(objectId({ type: 'tag', content: tag }), tag, 'main', trust, now).then(
      () => 'believed',
      (error: { kind: string }) => error.kind,
    );
  }

  test('is signed by nobody who is limited to paths', async () => {
    expect(await read(ada, 1, issued)).toBe('believed');
    expect(await read(shop, 1, issued)).toBe('outsidePaths');
  });

  test('has no number and no time that would keep later ones from being believed', async () => {
    expect(await read(ada, issued / 1000 + 86_400, issued)).toBe('believed');
    expect(await read(ada, issued / 1000 + 86_401, issued)).toBe('beacon');
    expect(await read(ada, 2 ** 48, issued)).toBe('beacon');
    expect(await read(ada, 1, issued + 25 * HOUR, issued)).toBe('notYetValid');
    expect(await read(ada, 1, issued + 23 * HOUR, issued)).toBe('believed');
    expect(await read(ada, 1, Date.UTC(2056, 0, 2))).toBe('notYetValid');
  });
});

test('a clock before 2026 or after 2055 is no clock', () => {
  for (const text of ['1970-01-01T00:00:00Z', '2025-12-31T23:59:59Z', '2056-01-01T00:00:00Z', '2099-01-01T00:00:00Z'])
    expect(siteTime(new Date(text))).toBeUndefined();
  expect(siteTime(new Date(Number.NaN))).toBeUndefined();
  expect(siteTime(new Date(issued))).toBe(issued);
});

test('a beacon lies at a ref of its own for each branch, tag and HEAD, and for nothing else', () => {
  expect(beaconRef('')).toBe('refs/holdfast/beacon/HEAD');
  expect(beaconRef('main')).toBe('refs/holdfast/beacon/main');
  expect(beaconRef('release/2026.1')).toBe('refs/holdfast/beacon/release/2026.1');
  for (const other of ['^1.2', 'a'.repeat(40), 'a..b', '../main', 'a//b', 'a b', 'main/'])
    expect(beaconRef(other)).toBeUndefined();
});
