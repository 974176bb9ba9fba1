import { schemaProblems } from '../../fleet/schema.ts';
import type { Clock } from '../../lib/clock.ts';
import { formatProblem, InputError, SourceError } from '../../lib/errors.ts';
import type { Log } from '../../lib/log.ts';
import { shortRevision } from '../../lib/text/revision.ts';
import { utf8 } from '../../lib/text/utf8.ts';
import type { Snapshot } from '../../model/snapshot.ts';
import type { Named, Polled, Source } from '../../source/source.ts';
import { differsFromOwn, unannounced } from '../../trust/announced.ts';
import { type Beacon, freshness, readBeacon } from '../../trust/beacon.ts';
import { requireSince } from '../../trust/beacon-since.ts';
import { siteTime } from '../../trust/site-time.ts';
import { succeed, type Trust } from '../../trust/trust.ts';
import { isByClock, TrustError } from '../../trust/trust-error.ts';
import { parseTrust } from '../../trust/trust-file.ts';
import type { Evidence, Verification } from '../../trust/verify/verification.ts';
import { verifyCommit } from '../../trust/verify/verify-commit.ts';
import { verifyPinned } from '../../trust/verify/verify-pinned.ts';
import type { AcceptedPin, PinProof } from '../state/accepted.ts';
import type { Place, TrustState, TrustStore } from '../state/trust-store.ts';
import { sourceEvidence, TRUST_FILE } from './source-evidence.ts';

/** After a clock is set right, what it refused is looked at again within that time. */
const AGAIN_MS = 3_600_000;

/** Bytes that it may take to find out whether a history was rewritten that is followed all the same. */
const MOST_FOR_REPORT = 16 * 1024;

export interface GateOptions {
  clock: Clock;
  log: Log;
  source: Source;
  store: TrustStore;
  /** What was loaded of the store. */
  state: TrustState;
  /** The repo and the revision, which together are one place to stand in. */
  place: string;
  revision: string;
  /** What the site's own trust.yaml says now; undefined where the site has none. Throws InputError. */
  own: () => Promise<Trust | undefined>;
  /** What the site accepted before it kept a floor, or when the floor was lost. */
  accepted: string | undefined;
}

/** What was found of a commit that the repo shows. */
export interface Admission {
  commit: string;
  /** Why it is refused; empty where it is not. */
  refusals: TrustError[];
  /** Tells this verification from one that could come out otherwise: by other keys, or of another tag. */
  key: string;
  /** By the monotonic clock: when the same may be judged otherwise, since keys begin and cease to be valid. */
  until?: number;
  verification?: Verification;
  /** The commit is what a tag names. */
  byTag?: boolean;
}

/** Lets nothing in that is not trusted: stands between what a repo shows and what the site accepts. */
export interface Gate {
  /** The commit to go for, of what the repo shows: the beacon's where it binds. Looks at the beacon and says what it finds. */
  target(polled: Polled, signal: AbortSignal): Promise<string>;
  /** What would be found of a commit, without looking: the same key means the same answer. */
  key(commit: string, polled: Polled): Promise<string>;
  /** Throws SourceError, `limit` too where the proof that it descends from the floor is too long. */
  admit(commit: string, polled: Polled, signal: AbortSignal): Promise<Admission>;
  /** Throws TrustError where the commit holds a trust.yaml that nobody announced: sites that were away would not follow it. */
  requireAnnounced(snapshot: Snapshot, admission: Admission): Promise<void>;
  /** Moves the floor; after it, and not before, the commit may be stored and enforced. Throws StateError. */
  accept(admission: Admission): Promise<void>;
  /**
   * Whether a commit that the Site pins may be read beside the one that is admitted. `before` is the pin that was accepted, if it is the same, and
   * `at` the commit that it was accepted with. The proof to remember; none where nobody asks. Throws TrustError.
   */
  admitPin(
    pinned: Named,
    admission: Admission,
    before: { pin: AcceptedPin; at: string } | undefined,
    signal: AbortSignal,
  ): Promise<PinProof | undefined>;
  /** Whether a pin was accepted by another trust.yaml than is in force now, so that it has to be judged again. */
  isPinOutdated(pin: AcceptedPin): Promise<boolean>;
  /** Judges what was accepted once more, where whom to trust has changed since. */
  recheck(polled: Polled, signal: AbortSignal): Promise<void>;
  /** Says, once a change, whether what is enforced may be old. */
  watchFreshness(): Promise<void>;
}

export function createGate(options: GateOptions): Gate {
  const { clock, log, source, store } = options;
  let { state, accepted } = options;
  /** Texts of what was read from Git, by digest. */
  const texts = new Map<string, string>();
  let own: Trust | undefined;
  let succeeded: Trust | undefined;
  let lastStale: string | undefined;
  let beaconSeenAt = clock.monotonic();
  let refusedBeacon: { key: string; until: number } | undefined;
  let recheckedBy: string | undefined;
  const said = new Set<string>();
  /** Versions of trust.yaml whose taking over was said. */
  const announced = new Set<number>();

  const place = (): Place => state.places[options.place] ?? {};
  const floor = (): string | undefined => place().floor ?? accepted;
  const withPlace = (change: Place): TrustState => ({
    ...state,
    places: { ...state.places, [options.place]: { ...place(), ...change } },
  });
  const save = async (next: TrustState): Promise<void> => {
    await store.save(next);
    state = next;
  };
  const read = (text: string, file: string): Promise<Trust> =>
    parseTrust(text, file, (root) => schemaProblems(root, 'Trust'));
  const sayOnce = (text: string): void => {
    if (!said.has(text)) log.warn(text);
    said.add(text);
  };

  /** Whom the site trusts now; undefined where it does not ask. */
  async function inForce(): Promise<Trust | undefined> {
    own = await options.own().catch((error: unknown) => {
      if (!(error instanceof InputError) || !own) throw error;
      for (const problem of error.problems) sayOnce(`${formatProblem(problem)}; what it said before holds meanwhile`);
      return own;
    });
    const stored = state.trust;
    if (!own || !stored || stored.version <= own.version) return own;
    if (succeeded?.version !== stored.version) {
      succeeded = await read(stored.text, TRUST_FILE);
      // Who edits the site's own file, and wonders.
      const from = `version ${stored.version} of Git is, taken over with ${shortRevision(stored.commit)}`;
      if (!announced.has(stored.version))
        log.info(`the site's own ${TRUST_FILE}, version ${own.version}, is not in force: ${from}`);
    }
    return succeed(own, succeeded);
  }

  const digestOf = (trust: Trust | undefined): string =>
    trust && own ? [own.digest, trust.digest].join(' ').slice(0, 129) : '';

  const evidence = (signal: AbortSignal): Evidence =>
    sourceEvidence(source, signal, async (text, current) => {
      const next = await read(text, TRUST_FILE);
      texts.set(next.digest, text);
      return succeed(own ?? current, next);
    });

  const tagOf = ({ commit, ref, tag }: Named, target: string): { tag?: { name: string; oid: string | undefined } } =>
    commit === target && ref?.startsWith('refs/tags/')
      ? { tag: { name: ref.slice('refs/tags/'.length), oid: tag } }
      : {};

  async function lookAtBeacon(polled: Polled, trust: Trust, signal: AbortSignal): Promise<void> {
    const oid = polled.beside;
    const known = place().beacon;
    if (oid === undefined || oid === known?.oid) return;
    const key = `${oid} ${digestOf(trust)}`;
    if (key === refusedBeacon?.key && clock.monotonic() < refusedBeacon.until) return;
    try {
      const revision = options.revision === '' ? 'HEAD' : options.revision;
      const content = await source.object(oid, 'tag', signal);
      const beacon = await readBeacon(oid, content, revision, trust, siteTime(clock.wall()));
      if (known && beacon.sequence <= known.sequence) {
        throw new TrustError(
          'beacon',
          `the repo shows beacon ${beacon.sequence} where ${known.sequence} was seen before: an old one is shown again`,
        );
      }
      const { beaconsFrom: since } = place();
      if (since !== undefined && beacon.commit !== floor())
        await requireSince(beacon, since, (tip, known) => source.history(tip, known, signal));
      await save(withPlace({ beacon }));
      beaconSeenAt = clock.monotonic();
    } catch (error) {
      if (!(error instanceof TrustError)) throw error;
      const isSaid = refusedBeacon?.key === key;
      // The clock that it was refused by may be set right.
      refusedBeacon = { key, until: clock.monotonic() + (isByClock(error) ? AGAIN_MS : Number.POSITIVE_INFINITY) };
      if (!isSaid) log.error(`the beacon is not believed: ${error.message}`, { code: error.code, kind: error.kind });
    }
  }

  function watch(trust: Trust | undefined, beacon: Beacon | undefined): void {
    if (!trust || trust.mode === 'off') return;
    const times = { now: siteTime(clock.wall()), seenAt: beaconSeenAt, monotonic: clock.monotonic() };
    const found = freshness(beacon, trust.beacon, times);
    const why = found.state === 'Stale' ? found.why : undefined;
    if (why !== undefined && lastStale === undefined)
      log.error(`Stale: ${why}. What was accepted last is enforced meanwhile`, { state: 'Stale' });
    if (why === undefined && lastStale !== undefined) log.info('a fresh beacon was seen', { state: found.state });
    lastStale = why;
  }

  /** What is followed without being judged is at least said to be rewritten, where it was. */
  async function reportRewrite(commit: string, signal: AbortSignal): Promise<void> {
    const base = accepted;
    if (base === undefined || base === commit) return;
    try {
      const commits = await source.history(commit, [base], signal, MOST_FOR_REPORT);
      let leads = false;
      for (const { content } of commits) leads ||= Buffer.from(await content()).includes(`\nparent ${base}\n`);
      if (!leads) warnOfRewrite(commit, base);
    } catch (error) {
      if (!(error instanceof SourceError)) throw error;
      if (error.kind === 'notFound') warnOfRewrite(commit, base);
      // What keeps it from being fetched as well is said there.
      else if (error.kind !== 'local' && !signal.aborted)
        log.info(
          `whether ${shortRevision(commit)} descends from ${shortRevision(base)} is not known: ${error.message}`,
        );
    }
  }

  const warnOfRewrite = (commit: string, base: string): void =>
    log.warn(
      `${shortRevision(commit)} does not descend from ${shortRevision(base)}, which was accepted: the history was rewritten. It is followed all the same`,
      { revision: commit },
    );

  const gate: Gate = {
    async target(polled, signal) {
      const trust = await inForce();
      if (!trust || trust.mode === 'off') return polled.commit;
      await lookAtBeacon(polled, trust, signal);
      watch(trust, place().beacon);
      const bound = trust.beacon === 'binding' && trust.mode === 'enforce';
      return bound ? (place().beacon?.commit ?? floor() ?? polled.commit) : polled.commit;
    },

    async key(commit, polled) {
      const trust = await inForce();
      return [commit, polled.ref ?? '', polled.tag ?? '', digestOf(trust), place().beacon?.oid ?? ''].join(' ');
    },

    async admit(commit, polled, signal) {
      const key = await gate.key(commit, polled);
      const trust = await inForce();
      if (!trust || trust.mode === 'off') {
        await reportRewrite(commit, signal);
        return { commit, refusals: [], key };
      }
      if (trust.beacon === 'binding' && trust.mode === 'enforce' && !place().beacon) {
        const message = 'trust.yaml wants a beacon to say what is the newest, and none was seen that can be believed';
        return { commit, refusals: [new TrustError('beacon', message)], key };
      }
      const { tag } = tagOf(polled, commit);
      if (place().byTag && !tag && trust.mode === 'enforce' && commit === polled.commit) {
        const message = `${options.revision} was a tag and is now ${polled.ref}, which is none`;
        return { commit, refusals: [new TrustError('tag', message)], key };
      }
      // What this same trust.yaml was satisfied with stays accepted, whatever expires meanwhile.
      if (commit === place().floor && place().verifiedBy === digestOf(trust)) return { commit, refusals: [], key };
      const now = siteTime(clock.wall());
      if (now === undefined) {
        sayOnce(
          `the site's clock says ${clock.wall().toISOString().slice(0, 10)}, which cannot be: whether keys have expired is judged by the dates of commits alone`,
        );
      }
      const verification = await verifyCommit(
        { commit, ...tagOf(polled, commit) },
        { floor: floor(), trust, now, dates: place().dates, isFloorDoubted: place().verifiedBy !== digestOf(trust) },
        evidence(signal),
      );
      if (trust.mode === 'warn') {
        for (const { kind, message } of verification.refusals)
          log.warn(`${shortRevision(commit)} would be refused: ${message}`, { code: 'TRUST', kind, revision: commit });
        return { commit, refusals: [], key, verification, byTag: tag !== undefined };
      }
      // No refusal of what was seen, but too much to be seen: whoever asked knows how long to leave it alone.
      const unseen = verification.refusals.find(({ cause }) => cause instanceof SourceError && cause.kind === 'limit');
      if (unseen) throw new SourceError('limit', unseen.message, { cause: unseen });
      const byTime = verification.refusals.some(isByClock);
      const until = byTime ? { until: clock.monotonic() + AGAIN_MS } : {};
      return { commit, refusals: verification.refusals, key, verification, byTag: tag !== undefined, ...until };
    },

    async requireAnnounced(snapshot, { verification }) {
      if (!verification || !own) return;
      const file = await snapshot.read(TRUST_FILE);
      if (!file) return;
      const reading = async (): Promise<Trust> => read(utf8(file.content, TRUST_FILE), TRUST_FILE);
      const found = await reading().catch((error: unknown) => {
        if (error instanceof InputError) return error;
        throw error;
      });
      const { trust } = verification;
      const held = { found, inForce: trust, isFromGit: trust.digest !== own.digest };
      const fault = unannounced(held);
      if (fault && own.mode === 'enforce') throw fault;
      if (fault) log.warn(fault.message);
      else if (differsFromOwn(held))
        sayOnce(
          `${TRUST_FILE} in Git names other keys than the site's own file, which is in force: count its version up`,
        );
    },

    async accept({ commit, verification, byTag = false }) {
      if (!verification) {
        // Where nothing is judged the floor is what the accepted state says.
        accepted = commit;
        return;
      }
      const { trust, rotations, recovery, dates } = verification;
      const text = texts.get(trust.digest);
      const isNew = rotations.length > 0 && text !== undefined && verification.refusals.length === 0;
      const next: TrustState = {
        ...withPlace({
          floor: commit,
          dates,
          ...(byTag && { byTag }),
          // A person with one of the old keys may have used numbers up.
          ...(isNew && { beacon: undefined, beaconsFrom: rotations.at(-1) ?? commit }),
        }),
        ...(isNew && { trust: { version: trust.version, text, commit: rotations.at(-1) ?? commit } }),
      };
      const verifiedBy = verification.refusals.length === 0 ? digestOf(trust) : undefined;
      const { verifiedBy: _, ...rest } = next.places[options.place] ?? {};
      await save({
        ...next,
        places: { ...next.places, [options.place]: { ...rest, ...(verifiedBy && { verifiedBy }) } },
      });
      accepted = commit;
      recheckedBy = verifiedBy;
      if (isNew) {
        announced.add(trust.version);
        const who = trust.signers.map(({ name }) => name).join(', ');
        log.info(`${TRUST_FILE} version ${trust.version} is in force: ${who} may sign`);
      }
      if (recovery !== undefined)
        log.warn(`the history was rewritten; ${shortRevision(recovery)}, which is signed, says that this is meant`);
    },

    async admitPin(pinned, { commit: followed, verification }, before, signal) {
      const trust = verification?.trust ?? (await inForce());
      if (!trust || trust.mode === 'off') return undefined;
      const { commit } = pinned;
      const verifiedBy = digestOf(trust);
      const { pin: { proof: was = undefined, commit: wasAt = undefined } = {}, at } = before ?? {};
      const isSame = wasAt === commit;
      const goesOn = at === followed || (at === floor() && verification?.descends === true);
      if (isSame && was?.kind === 'ancestor' && goesOn) return { kind: 'ancestor', verifiedBy };
      if (isSame && was?.kind === 'signed' && was.verifiedBy === verifiedBy) return was;
      const standing = {
        followed,
        before: was?.kind === 'signed' ? wasAt : undefined,
        trust,
        now: siteTime(clock.wall()),
      };
      const verdict = await verifyPinned({ commit, ...tagOf(pinned, commit) }, standing, evidence(signal));
      if ('proof' in verdict) return { kind: verdict.proof, verifiedBy };
      const { refusal } = verdict;
      // That a key expired since does not undo what it signed in its time.
      if (isSame && was?.kind === 'signed' && refusal.kind === 'expired') return { kind: 'signed', verifiedBy };
      if (trust.mode === 'enforce') throw refusal;
      const { code, kind, message } = refusal;
      log.warn(`what the Site pins would be refused: ${message}`, { code, kind, revision: commit });
      return { kind: 'none', verifiedBy };
    },

    async isPinOutdated({ proof }) {
      const trust = await inForce();
      if (!trust || trust.mode === 'off' || proof?.kind === 'ancestor') return false;
      return proof?.verifiedBy !== digestOf(trust);
    },

    async recheck(polled, signal) {
      const trust = await inForce();
      const base = place().floor;
      if (!trust || trust.mode === 'off' || base === undefined || polled.commit !== base) return;
      const digest = digestOf(trust);
      if (place().verifiedBy === digest || recheckedBy === digest) return;
      const now = siteTime(clock.wall());
      const { refusals } = await verifyCommit(
        { commit: base, ...tagOf(polled, base) },
        { floor: base, trust, now, dates: place().dates },
        evidence(signal),
      );
      recheckedBy = digest;
      // That a key expired since does not undo what it signed in its time.
      const [refusal] = refusals.filter(({ kind }) => kind !== 'expired');
      if (!refusal) return save(withPlace({ verifiedBy: digest }));
      log.error(
        `${shortRevision(base)}, which was accepted, is no longer trusted: ${refusal.message}. It is enforced until a trusted commit takes its place`,
        { code: refusal.code, kind: refusal.kind, revision: base },
      );
    },

    async watchFreshness() {
      // The file that cannot be read is said by the poll itself.
      const trust = await inForce().catch((error: unknown) => {
        if (error instanceof InputError) return undefined;
        throw error;
      });
      watch(trust, place().beacon);
    },
  };
  return gate;
}
