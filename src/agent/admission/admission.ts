import type { Clock } from '../../lib/clock.ts';
import { InputError, SourceError } from '../../lib/errors.ts';
import type { Log } from '../../lib/log.ts';
import { shortRevision } from '../../lib/text/revision.ts';
import { utf8 } from '../../lib/text/utf8.ts';
import type { Snapshot } from '../../model/snapshot.ts';
import type { Polled, Source } from '../../source/source.ts';
import { differsFromOwn, unannounced } from '../../trust/announced.ts';
import type { Beacon } from '../../trust/beacon.ts';
import { siteTime } from '../../trust/site-time.ts';
import type { Trust } from '../../trust/trust.ts';
import { isByClock, TrustError } from '../../trust/trust-error.ts';
import type { Verification } from '../../trust/verify/verification.ts';
import { verifyCommit } from '../../trust/verify/verify-commit.ts';
import type { TrustState, TrustStore } from '../state/trust-store.ts';
import type { AdmissionResult, Admitted } from './admission-result.ts';
import { createBeaconWatch } from './beacon-watch.ts';
import { createPinAdmission, type PinAdmission } from './pin-admission.ts';
import { reportRewrite } from './rewrite-report.ts';
import { candidateOf, sourceEvidence, TRUST_FILE } from './source-evidence.ts';
import { createTrustInForce } from './trust-in-force.ts';
import { createTrustRecord } from './trust-record.ts';

/** Milliseconds after which a commit is verified again that the site's clock refused: keys begin to be valid, and the clock may be set right. */
const AGAIN_MS = 3_600_000;

export interface AdmissionOptions {
  clock: Clock;
  log: Log;
  source: Source;
  store: TrustStore;
  /** As loaded from the store. */
  state: TrustState;
  /** The repo and the revision, which together have one position. */
  position: string;
  revision: string;
  /** Reads the site's own trust.yaml; undefined where the site has none. Throws InputError. */
  own: () => Promise<Trust | undefined>;
  /** The commit that the accepted state came from, for a site that has no floor, or lost it. */
  accepted: string | undefined;
}

/** Decides which commits of a repo a site may gather. */
export interface Admission extends PinAdmission {
  /** The commit to go for: the beacon's where the beacon binds, else the one that was polled. */
  target(polled: Polled, signal: AbortSignal): Promise<string>;
  /** The key of the answer that `admit` would give now. */
  key(commit: string, polled: Polled): Promise<string>;
  /** Throws SourceError; `limit` too, where the proof that the commit descends from the floor is too long. */
  admit(commit: string, polled: Polled, signal: AbortSignal): Promise<AdmissionResult>;
  /** Throws TrustError for a commit with a trust.yaml that no commit announced: sites that were away could not follow it. */
  requireAnnounced(snapshot: Snapshot, admitted: Admitted): Promise<void>;
  /** Moves the floor. After it, and not before, the commit may be stored and enforced. Throws StateError. */
  accept(admitted: Admitted): Promise<void>;
  /** Verifies the floor once more if another trust.yaml is in force, and tells the log of a refusal. */
  recheck(polled: Polled, signal: AbortSignal): Promise<void>;
  /** The trust.yaml in force; undefined where the site believes its repo. */
  trust(): Promise<Trust | undefined>;
  /** The newest beacon that was believed. */
  beacon(): Beacon | undefined;
  /** Tells the log, once a change, that the enforced state may be old. */
  tellFreshness(): Promise<void>;
}

export function createAdmission(options: AdmissionOptions): Admission {
  const { clock, log, source, revision } = options;
  const warnOnce = onlyOnce(log);
  const record = createTrustRecord(options.store, options.state, options.position, options.accepted);
  const inForce = createTrustInForce(record, options.own, log, warnOnce);
  const beacons = createBeaconWatch(record, inForce, options);
  const evidence = (signal: AbortSignal) => sourceEvidence(source, signal, inForce.successorOf);
  /** The digest of the trust.yaml by which `recheck` verified the floor. */
  let recheckedBy: string | undefined;

  const key = (commit: string, { ref = '', tag = '' }: Polled, trust: Trust | undefined): string =>
    [commit, ref, tag, inForce.digest(trust), record.position().beacon?.oid ?? ''].join(' ');

  /** A refusal that takes no look at the commit itself. */
  function refusedBeforehand(trust: Trust, polled: Polled, isTag: boolean, isTip: boolean): TrustError | undefined {
    if (trust.mode !== 'enforce') return undefined;
    const { beacon, byTag } = record.position();
    if (trust.beacon === 'binding' && !beacon)
      return new TrustError(
        'beacon',
        'trust.yaml wants a beacon to say what is the newest, and none was seen that can be believed',
      );
    if (byTag && !isTag && isTip)
      return new TrustError('tag', `${revision} was a tag and is now ${polled.ref}, which is none`);
    return undefined;
  }

  /** Throws SourceError where too much would have to be read for an answer. */
  async function verify(commit: string, polled: Polled, trust: Trust, signal: AbortSignal): Promise<Verification> {
    const now = siteTime(clock.wall());
    if (now === undefined)
      warnOnce(
        `the site's clock says ${clock.wall().toISOString().slice(0, 10)}, which cannot be: keys are checked by the dates of commits alone`,
      );
    const { dates, verifiedBy } = record.position();
    const isFloorDoubted = verifiedBy !== inForce.digest(trust);
    return verifyCommit(
      candidateOf(commit, polled),
      { floor: record.floor(), trust, now, dates, isFloorDoubted },
      evidence(signal),
    );
  }

  return {
    ...createPinAdmission(record, inForce, options),

    trust: () => inForce.now(),
    beacon: () => record.position().beacon,

    async target(polled, signal) {
      const trust = await inForce.now();
      if (!trust) return polled.commit;
      await beacons.look(polled, trust, signal);
      beacons.tellFreshness(trust);
      const isBound = trust.beacon === 'binding' && trust.mode === 'enforce';
      return isBound ? (record.position().beacon?.commit ?? record.floor() ?? polled.commit) : polled.commit;
    },

    key: async (commit, polled) => key(commit, polled, await inForce.now()),

    async admit(commit, polled, signal) {
      const trust = await inForce.now();
      const known = { commit, key: key(commit, polled, trust) };
      if (!trust) {
        await reportRewrite(commit, record.accepted(), source, log, signal);
        return { kind: 'admitted', ...known };
      }
      const byTag = candidateOf(commit, polled).tag !== undefined;
      const beforehand = refusedBeforehand(trust, polled, byTag, commit === polled.commit);
      if (beforehand) return { kind: 'refused', ...known, errors: [beforehand] };
      const { floor, verifiedBy } = record.position();
      // A commit that this same trust.yaml admitted stays admitted, whatever expires meanwhile.
      if (commit === floor && verifiedBy === inForce.digest(trust)) return { kind: 'admitted', ...known };

      const verification = await verify(commit, polled, trust, signal);
      const { refusals: errors } = verification;
      if (trust.mode === 'warn') {
        for (const { kind, message } of errors)
          log.warn(`${shortRevision(commit)} would be refused: ${message}`, { code: 'TRUST', kind, revision: commit });
        return { kind: 'admitted', ...known, verification, byTag };
      }
      // The history was too long to be read: the caller knows how long to leave it alone.
      const unread = errors.find(({ cause }) => cause instanceof SourceError && cause.kind === 'limit');
      if (unread) throw new SourceError('limit', unread.message, { cause: unread });
      if (errors.length === 0) return { kind: 'admitted', ...known, verification, byTag };
      const until = errors.some(isByClock) ? { until: clock.monotonic() + AGAIN_MS } : {};
      return { kind: 'refused', ...known, errors, ...until };
    },

    async requireAnnounced(snapshot, { verification }) {
      const own = inForce.own();
      if (!verification || !own) return;
      const file = await snapshot.read(TRUST_FILE);
      if (!file) return;
      const reading = async (): Promise<Trust> => inForce.read(utf8(file.content, TRUST_FILE));
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
        warnOnce(
          `${TRUST_FILE} in Git names other keys than the site's own file, which is in force: count its version up`,
        );
    },

    async accept({ commit, verification, byTag }) {
      if (verification) {
        const { trust, rotations, recovery, dates, refusals } = verification;
        const isClean = refusals.length === 0;
        const text = inForce.textOf(trust);
        const successor =
          isClean && rotations.length > 0 && text !== undefined
            ? { version: trust.version, text, commit: rotations.at(-1) ?? commit }
            : undefined;
        const verifiedBy = isClean ? inForce.digest(trust) : undefined;
        await record.save(
          {
            floor: commit,
            dates,
            verifiedBy,
            ...(byTag && { byTag }),
            // With one of the old keys a person may have used numbers up.
            ...(successor && { beacon: undefined, beaconsFrom: successor.commit }),
          },
          successor,
        );
        recheckedBy = verifiedBy;
        if (successor) {
          inForce.told(trust.version);
          const names = trust.signers.map(({ name }) => name).join(', ');
          log.info(`${TRUST_FILE} version ${trust.version} is in force: ${names} may sign`);
        }
        if (recovery !== undefined)
          log.warn(`the history was rewritten; ${shortRevision(recovery)}, which is signed, says that this is meant`);
      }
      record.accept(commit);
    },

    async recheck(polled, signal) {
      const trust = await inForce.now();
      const { floor, verifiedBy, dates } = record.position();
      if (!trust || floor === undefined || polled.commit !== floor) return;
      const digest = inForce.digest(trust);
      if (verifiedBy === digest || recheckedBy === digest) return;
      const now = siteTime(clock.wall());
      const { refusals } = await verifyCommit(
        candidateOf(floor, polled),
        { floor, trust, now, dates },
        evidence(signal),
      );
      recheckedBy = digest;
      // A key that expired since signed this commit while it was valid.
      const [refusal] = refusals.filter(({ kind }) => kind !== 'expired');
      if (!refusal) return record.save({ verifiedBy: digest });
      log.error(
        `${shortRevision(floor)}, which was accepted, is no longer trusted: ${refusal.message}. It is enforced until a trusted commit takes its place`,
        { code: refusal.code, kind: refusal.kind, revision: floor },
      );
    },

    async tellFreshness() {
      // The poll itself tells of a file that cannot be read.
      const trust = await inForce.now().catch((error: unknown) => {
        if (error instanceof InputError) return undefined;
        throw error;
      });
      if (trust) beacons.tellFreshness(trust);
    },
  };
}

/** A warning that is told once in the life of an agent. */
function onlyOnce(log: Log): (text: string) => void {
  const told = new Set<string>();
  return (text) => {
    if (!told.has(text)) log.warn(text);
    told.add(text);
  };
}
