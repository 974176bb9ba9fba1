import { readSite } from '../../fleet/sites.ts';
import { shortRevision } from '../../lib/text/revision.ts';
import type { Pin } from '../../model/fleet.ts';
import type { Snapshot } from '../../model/snapshot.ts';
import type { Named } from '../../source/source.ts';
import type { Trust } from '../../trust/trust.ts';
import type { Evidence } from '../../trust/verify/verification.ts';
import { verifyPinned } from '../../trust/verify/verify-pinned.ts';
import { print } from '../output/terminal.ts';

/** Where a Site and what it pins are looked up. */
export interface PinnedAt {
  site: string;
  /** The files of a commit, for `use` alone. */
  reading<T>(commit: string, use: (snapshot: Snapshot) => Promise<T>): Promise<T>;
  /** Throws InputError for a pin that names nothing. */
  named(pin: Pin): Promise<Named>;
}

/** Says whether a site that accepted a commit may read what its Site pins there. True where it may, or pins nothing. */
export async function tellPin(at: PinnedAt, followed: string, trust: Trust, evidence: Evidence): Promise<boolean> {
  const { pin } = await at.reading(followed, (snapshot) => readSite(snapshot, at.site));
  if (!pin) {
    print(`${at.site} pins nothing`);
    return true;
  }
  const { commit, ref, tag } = await at.named(pin);
  const tags = 'refs/tags/';
  const candidate = { commit, ...(ref?.startsWith(tags) && { tag: { name: ref.slice(tags.length), oid: tag } }) };
  const standing = { followed, before: undefined, trust, now: Date.now() };
  const verdict = await verifyPinned(candidate, standing, evidence);
  const what = `${at.site} pins ${pin.revision}`;
  if ('refusal' in verdict) {
    print(`${what}, which a site would refuse: ${verdict.refusal.kind}: ${verdict.refusal.message}`);
    return false;
  }
  const why = {
    ancestor: `is in the history of ${shortRevision(followed)}`,
    signed: 'is signed itself',
  }[verdict.proof];
  print(`${what}, and would read ${shortRevision(commit)}, which ${why}`);
  return true;
}
