import { parseTag, trailers } from './signed-object.ts';
import { type BeaconRule, NAMESPACE, type Trust } from './trust.ts';
import { TrustError } from './trust-error.ts';
import { attest, iso } from './verify/attest.ts';

/** A signed statement of what a revision names, and until when that may be believed. A tag object that no tag names. */
export interface Beacon {
  /** The tag object's ID. */
  oid: string;
  commit: string;
  /** Counts up; a site believes no lower one. */
  sequence: number;
  /** Milliseconds since 1970, by the clock of who signed it. */
  issued: number;
  expires: number;
}

export interface BeaconContent {
  /** As the sites are told it: `main`, `HEAD`. */
  revision: string;
  commit: string;
  sequence: number;
  issued: number;
  expires: number;
}

const LONGEST = 366 * 86_400_000;
/** A clock that signs, and the one that reads, may differ by this much. */
const MOST_AHEAD = 86_400_000;
/** No beacon is of a later time, whatever the clock of the site says. */
const LATEST = Date.UTC(2056, 0, 1);

/** The ref at which the beacon of a revision lies; undefined for a revision that is no name of a branch or a tag. */
export function beaconRef(revision: string): string | undefined {
  const name = revision === '' ? 'HEAD' : revision;
  const isName = /^[A-Za-z0-9_][A-Za-z0-9._/-]*$/.test(name) && !/^[0-9a-f]{40}$/.test(name);
  return isName && !/\.\.|\/\/|\/\.|[./]$/.test(name) ? `refs/holdfast/beacon/${name}` : undefined;
}

/** The tag object without its signature. */
export function beaconPayload({ revision, commit, sequence, issued, expires }: BeaconContent): string {
  const seconds = Math.floor(issued / 1000);
  return `object ${commit}
type commit
tag ${tagName(revision)}
tagger Holdfast beacon <beacon@holdfast.invalid> ${seconds} +0000

${revision} is at ${commit}

Sequence: ${sequence}
Expires: ${iso(Math.floor(expires / 1000) * 1000)}
`;
}

/**
 * Reads and believes a beacon. Throws TrustError for one that is not for this revision, is not signed by who may sign beacons, or says nonsense.
 * Its key must be valid at its date and, where the site knows the time, now.
 */
export async function readBeacon(
  oid: string,
  content: Uint8Array,
  revision: string,
  trust: Trust,
  now: number | undefined,
): Promise<Beacon> {
  const tag = parseTag(oid, content);
  if (tag.name !== tagName(revision) || tag.type !== 'commit')
    throw new TrustError('beacon', `the beacon is that of ${JSON.stringify(tag.name)} and not of ${revision}`);
  const [sequence, expires] = [one(tag.message, 'Sequence'), one(tag.message, 'Expires')];
  const until = Date.parse(expires);
  if (!/^[1-9]\d{0,14}$/.test(sequence) || Number.isNaN(until) || until <= tag.time)
    throw new TrustError('beacon', `the beacon of ${revision} says neither which it is nor until when it holds`);
  if (until - tag.time > LONGEST)
    throw new TrustError('beacon', `the beacon of ${revision} holds for more than a year, which is no sign of life`);
  const what = `the beacon of ${revision}`;
  // Numbers are times in seconds, or count up from 1: a higher one would keep all later beacons from being believed.
  if (Number(sequence) > (tag.time + MOST_AHEAD) / 1000)
    throw new TrustError(
      'beacon',
      `${what} has the number ${sequence}, which is beyond its own time in seconds: later ones would never be believed`,
    );
  const signers = await attest({ what, signed: tag.signed, namespace: NAMESPACE.beacon, madeAt: tag.time, now }, trust);
  const names = signers.map(({ signer }) => signer.name).join(', ');
  // It speaks of all paths, as a tag does.
  if (signers.every(({ signer }) => signer.paths))
    throw new TrustError('outsidePaths', `${what} is signed by ${names}, limited to paths: it stands for all of them`);
  if (tag.time > (now === undefined ? LATEST : now + MOST_AHEAD))
    throw new TrustError(
      'notYetValid',
      `${what} is dated ${iso(tag.time)}, more than 24 h ahead of the site's clock: it is looked at again later`,
    );
  return { oid, commit: tag.object, sequence: Number(sequence), issued: tag.time, expires: until };
}

const tagName = (revision: string): string => `holdfast-beacon/${revision}`;
const one = (message: string, key: string): string => trailers(message, key)[0] ?? '';

export type Freshness = { state: 'Fresh' | 'Unknown' } | { state: 'Stale'; why: string };

/** When a site first saw a beacon, and what time it is. */
export interface Times {
  /** undefined where the site's clock cannot be right. */
  now: number | undefined;
  /** By the monotonic clock, in this life of the agent. */
  seenAt: number;
  monotonic: number;
}

/**
 * Whether what the repo shows can be the newest. A beacon is over when the clock says so, and, whatever the clock says, when it was looked at
 * for as long as it was ever to hold.
 */
export function freshness(beacon: Beacon | undefined, rule: BeaconRule, { now, seenAt, monotonic }: Times): Freshness {
  if (!beacon) {
    return rule === 'optional'
      ? { state: 'Unknown' }
      : { state: 'Stale', why: 'no beacon was seen that can be believed, and trust.yaml asks for one' };
  }
  const said = `the newest beacon, number ${beacon.sequence} of ${iso(beacon.issued)},`;
  if (now !== undefined && now >= beacon.expires)
    return { state: 'Stale', why: `${said} expired at ${iso(beacon.expires)}: what the repo shows may be old` };
  if (monotonic - seenAt >= beacon.expires - beacon.issued) {
    const hours = Math.floor((beacon.expires - beacon.issued) / 3_600_000);
    return {
      state: 'Stale',
      why: `${said} was to hold for ${hours} h, and none followed in that time: what the repo shows may be old`,
    };
  }
  return { state: 'Fresh' };
}
