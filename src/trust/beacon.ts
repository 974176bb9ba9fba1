import { parseTag, trailers } from './signed-object.ts';
import { type BeaconRule, NAMESPACE, type Trust } from './trust.ts';
import { TrustError } from './trust-error.ts';
import { attest, iso } from './verify/attest.ts';

/** A signed statement: the commit of a revision, and the time until which the statement holds. It is a tag object without a tag. */
export interface Beacon {
  /** The tag object's ID. */
  oid: string;
  commit: string;
  /** Counts up; a site does not believe a lower one. */
  sequence: number;
  /** Milliseconds since 1970, by the signer's clock. */
  issued: number;
  expires: number;
}

export interface BeaconContent extends Omit<Beacon, 'oid'> {
  /** As in the settings of the sites: `main`, `HEAD`. */
  revision: string;
}

const LONGEST = 366 * 86_400_000;
/** The clocks of the signer and of the site may differ by this much. */
const MOST_AHEAD = 86_400_000;
/** No beacon has a later date, even by a wrong clock of the site. */
const LATEST = Date.UTC(2056, 0, 1);

/** The refs of all beacons begin with this. */
export const BEACONS = 'refs/holdfast/beacon/';

/** The ref of the beacon of a revision; undefined for a revision that is not the name of a branch or a tag. */
export function beaconRef(revision: string): string | undefined {
  const name = revision === '' ? 'HEAD' : revision;
  const isName = /^[A-Za-z0-9_][A-Za-z0-9._/-]*$/.test(name) && !/^[0-9a-f]{40}$/.test(name);
  return isName && !/\.\.|\/\/|\/\.|[./]$/.test(name) ? `${BEACONS}${name}` : undefined;
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
 * Reads a beacon and verifies it. Throws TrustError if it is for another revision, makes no sense, or is not signed by a signer who may sign beacons. The
 * key must be valid at its date and, if the site knows the time, now.
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
    throw new TrustError(
      'beacon',
      `the beacon of ${revision} holds for more than a year, which is no proof that the repo is current`,
    );
  const what = `the beacon of ${revision}`;
  // Numbers are times in seconds, or count up from 1. After a higher one, no later beacon would be believed.
  if (Number(sequence) > (tag.time + MOST_AHEAD) / 1000)
    throw new TrustError(
      'beacon',
      `${what} has the number ${sequence}, which is beyond its own time in seconds: later ones would never be believed`,
    );
  const signers = await attest({ what, signed: tag.signed, namespace: NAMESPACE.beacon, madeAt: tag.time, now }, trust);
  const names = signers.map(({ signer }) => signer.name).join(', ');
  // A beacon is about all paths, as a tag is.
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

/** The time when a site first saw a beacon, and the time now. */
export interface Times {
  /** undefined if the site's clock cannot be right. */
  now: number | undefined;
  /** Monotonic milliseconds. */
  seenAt: number;
  monotonic: number;
}

/**
 * Can the repo's commit be the newest? A beacon expires by the clock of the site. It also expires, by any clock, when the site has seen it for as long as it
 * was valid in all.
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
