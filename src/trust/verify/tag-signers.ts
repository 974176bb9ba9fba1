import { shortRevision } from '../../lib/text/revision.ts';
import { parseTag } from '../signed-object.ts';
import { NAMESPACE, type Trust } from '../trust.ts';
import { TrustError } from '../trust-error.ts';
import { type Attestation, attest } from './attest.ts';
import type { Candidate, Evidence } from './verification.ts';

/**
 * The signers of the followed tag; none if no tag is followed. Throws TrustError for a tag that anybody may have moved: a lightweight tag, a tag of another
 * name or commit, a tag that is not signed, or not by a signer for all paths.
 */
export async function tagSigners(
  { commit, tag }: Candidate,
  trust: Trust,
  now: number | undefined,
  evidence: Evidence,
): Promise<Attestation[]> {
  if (!tag) return [];
  const { name, oid } = tag;
  if (oid === undefined)
    throw new TrustError(
      'tag',
      `the tag ${name} is a lightweight one, which anybody may move unseen: sign it (git tag -s ${name})`,
    );
  const found = parseTag(oid, await evidence.object(oid, 'tag'));
  if (found.name !== name)
    throw new TrustError('tag', `the repo shows the tag ${JSON.stringify(found.name)} as tag ${name}`);
  if (found.type !== 'commit' || found.object !== commit) {
    throw new TrustError(
      'tag',
      `the tag ${name} stands for ${found.type} ${shortRevision(found.object)} and not for commit ${shortRevision(commit)}`,
    );
  }
  const what = `tag ${name}`;
  const signers = await attest(
    { what, signed: found.signed, namespace: NAMESPACE.git, madeAt: found.time, now },
    trust,
  );
  const unlimited = signers.filter(({ signer }) => signer.paths === undefined);
  if (unlimited.length === 0) {
    const names = signers.map(({ signer }) => signer.name).join(', ');
    throw new TrustError(
      'outsidePaths',
      `${what} is signed by ${names}, limited to paths: a tag stands for all of them`,
    );
  }
  return unlimited;
}
