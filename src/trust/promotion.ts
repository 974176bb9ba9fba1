import { beaconRef } from './beacon.ts';
import { parseTag, trailers } from './signed-object.ts';
import { NAMESPACE, type Trust } from './trust.ts';
import { TrustError } from './trust-error.ts';
import { attest, iso } from './verify/attest.ts';

/**
 * A signed statement about a rollout: the change that an app has in a commit may begin in the steps up to one, or is held. It is a tag object without a
 * tag, as a beacon is.
 */
export interface Promotion {
  /** The tag object's ID. */
  oid: string;
  app: string;
  /** The change of the app is the one that it has here. */
  commit: string;
  /** From 1. `open`: this step and those before it are open. `hold`: no site begins the change. */
  step: number;
  state: 'open' | 'hold';
  /** Counts up for each app; a site does not believe a lower one. */
  sequence: number;
  /** Milliseconds since 1970, by the signer's clock. */
  issued: number;
  expires: number;
}

export interface PromotionContent extends Omit<Promotion, 'oid'> {
  /** As in the settings of the sites: `main`, `HEAD`. */
  revision: string;
}

/** The refs of all promotions begin with this. */
const PROMOTIONS = 'refs/holdfast/rollout/';
const LONGEST = 366 * 86_400_000;
/** The clocks of the signer and of the site may differ by this much. */
const MOST_AHEAD = 86_400_000;

/** The beginning of the refs of all promotions of a revision; undefined for a revision that is not the name of a branch or a tag. */
export const promotionRefs = (revision: string): string | undefined =>
  beaconRef(revision) === undefined ? undefined : `${PROMOTIONS}${revision === '' ? 'HEAD' : revision}/`;

const tagName = (revision: string, app: string): string =>
  `holdfast-rollout/${revision === '' ? 'HEAD' : revision}/${app}`;

/** The tag object without its signature. */
export function promotionPayload({
  revision,
  app,
  commit,
  step,
  state,
  sequence,
  issued,
  expires,
}: PromotionContent): string {
  return `object ${commit}
type commit
tag ${tagName(revision, app)}
tagger Holdfast rollout <rollout@holdfast.invalid> ${Math.floor(issued / 1000)} +0000

${app}: ${state === 'open' ? `step ${step} is open` : 'the change is held'}

Step: ${step}
State: ${state}
Sequence: ${sequence}
Expires: ${iso(Math.floor(expires / 1000) * 1000)}
`;
}

/**
 * Reads a promotion of an app and verifies it. Throws TrustError if it is for another app or revision, makes no sense, or is not signed by a signer who may
 * change everything and sign for rollouts. `trust`: undefined where the site believes its repo.
 */
export async function readPromotion(
  oid: string,
  content: Uint8Array,
  { revision, app }: { revision: string; app: string },
  trust: Trust | undefined,
  now: number | undefined,
): Promise<Promotion> {
  const tag = parseTag(oid, content);
  const what = `the promotion of ${app}`;
  if (tag.name !== tagName(revision, app) || tag.type !== 'commit')
    throw new TrustError('promotion', `${what} is that of ${JSON.stringify(tag.name)}`);
  const [step, state, sequence, until] = [
    one(tag.message, 'Step'),
    one(tag.message, 'State'),
    one(tag.message, 'Sequence'),
    Date.parse(one(tag.message, 'Expires')),
  ];
  const isWhole = /^[1-9]\d{0,3}$/.test(step) && /^[1-9]\d{0,14}$/.test(sequence) && until > tag.time;
  if (!isWhole || (state !== 'open' && state !== 'hold') || until - tag.time > LONGEST)
    throw new TrustError(
      'promotion',
      `${what} does not say which step is open, which number it has, and until when it holds`,
    );
  // Numbers are times in seconds, or count up from 1. After a higher one, no later promotion would be believed.
  if (Number(sequence) > (tag.time + MOST_AHEAD) / 1000)
    throw new TrustError('promotion', `${what} has the number ${sequence}, which is beyond its own time in seconds`);
  if (trust) {
    const signers = await attest(
      { what, signed: tag.signed, namespace: NAMESPACE.rollout, madeAt: tag.time, now },
      trust,
    );
    const names = signers.map(({ signer }) => signer.name).join(', ');
    if (signers.every(({ signer }) => signer.paths))
      throw new TrustError(
        'outsidePaths',
        `${what} is signed by ${names}, limited to paths: it takes a signer who may change everything`,
      );
  }
  return {
    oid,
    app,
    commit: tag.object,
    step: Number(step),
    state,
    sequence: Number(sequence),
    issued: tag.time,
    expires: until,
  };
}

const one = (message: string, key: string): string => trailers(message, key)[0] ?? '';
