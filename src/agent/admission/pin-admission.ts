import type { Clock } from '../../lib/clock.ts';
import type { Log } from '../../lib/log.ts';
import type { Named, Source } from '../../source/source.ts';
import { siteTime } from '../../trust/site-time.ts';
import { verifyPinned } from '../../trust/verify/verify-pinned.ts';
import type { AcceptedPin, PinProof } from '../state/accepted.ts';
import type { Admitted } from './admission-result.ts';
import { candidateOf, sourceEvidence } from './source-evidence.ts';
import type { TrustInForce } from './trust-in-force.ts';
import type { TrustRecord } from './trust-record.ts';

/** A pin that was accepted, and the commit of what is followed with which it was. */
export interface PinBefore {
  pin: AcceptedPin;
  at: string;
}

/** Decides whether a site may read the commit that its Site pins, beside the commit that was admitted. */
export interface PinAdmission {
  /**
   * `before` is the same pin as it was accepted. Gives the proof to remember; undefined where the site verifies nothing. Throws TrustError, SourceError.
   */
  admitPin(
    pinned: Named,
    followed: Admitted,
    before: PinBefore | undefined,
    signal: AbortSignal,
  ): Promise<PinProof | undefined>;
  /** Another trust.yaml is in force than the one by which the pin was accepted. */
  isPinOutdated(pin: AcceptedPin): Promise<boolean>;
}

export function createPinAdmission(
  record: TrustRecord,
  inForce: TrustInForce,
  { clock, log, source }: { clock: Clock; log: Log; source: Source },
): PinAdmission {
  return {
    async admitPin(pinned, { commit: followed, verification }, before, signal) {
      const trust = verification?.trust ?? (await inForce.now());
      if (!trust) return undefined;
      const { commit } = pinned;
      const verifiedBy = inForce.digest(trust);
      const was = before?.pin.commit === commit ? before.pin.proof : undefined;
      const goesOn = before?.at === followed || (before?.at === record.floor() && verification?.descends === true);
      if (was?.kind === 'ancestor' && goesOn) return { kind: 'ancestor', verifiedBy };
      if (was?.kind === 'signed' && was.verifiedBy === verifiedBy) return was;
      const standing = {
        followed,
        before: before?.pin.proof?.kind === 'signed' ? before.pin.commit : undefined,
        trust,
        now: siteTime(clock.wall()),
      };
      const verdict = await verifyPinned(
        candidateOf(commit, pinned),
        standing,
        sourceEvidence(source, signal, inForce.successorOf),
      );
      if ('proof' in verdict) return { kind: verdict.proof, verifiedBy };
      const { refusal } = verdict;
      // A key that expired since signed this commit while it was valid.
      if (was?.kind === 'signed' && refusal.kind === 'expired') return { kind: 'signed', verifiedBy };
      if (trust.mode === 'enforce') throw refusal;
      const { code, kind, message } = refusal;
      log.warn(`the commit that the Site pins would be refused: ${message}`, { code, kind, revision: commit });
      return { kind: 'none', verifiedBy };
    },

    async isPinOutdated({ proof }) {
      const trust = await inForce.now();
      return trust !== undefined && proof?.kind !== 'ancestor' && proof?.verifiedBy !== inForce.digest(trust);
    },
  };
}
