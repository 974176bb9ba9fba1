import { readSite } from '../../../fleet/sites.ts';
import { shortRevision } from '../../../lib/text/revision.ts';
import type { Trust } from '../../../trust/trust.ts';
import type { Evidence } from '../../../trust/verify/verification.ts';
import { verifyPinned } from '../../../trust/verify/verify-pinned.ts';
import { print } from '../../output/terminal.ts';
import type { OpenedSource } from '../open-source.ts';
import { namedByPin } from '../pinned.ts';

/** Says whether a site that accepted a commit may read what its Site pins there. True where it may, or pins nothing. */
export async function tellPin(
  site: string,
  opened: OpenedSource,
  followed: string,
  trust: Trust,
  evidence: Evidence,
): Promise<boolean> {
  const { signal } = new AbortController();
  const snapshot = await opened.source.fetch(followed, signal);
  const { pin } = await readSite(snapshot, site).finally(() => snapshot.dispose());
  if (!pin) {
    print(`${site} pins nothing`);
    return true;
  }
  const { commit, ref, tag } = (await namedByPin(opened, pin, signal)).pinned;
  const tags = 'refs/tags/';
  const candidate = { commit, ...(ref?.startsWith(tags) && { tag: { name: ref.slice(tags.length), oid: tag } }) };
  const standing = { followed, before: undefined, trust, now: Date.now() };
  const verdict = await verifyPinned(candidate, standing, evidence);
  const what = `${site} pins ${pin.revision}`;
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
