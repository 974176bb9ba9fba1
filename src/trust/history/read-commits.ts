import { alone } from '../../lib/text/alone.ts';
import { turn } from '../../lib/turn.ts';
import { type Commit, parseCommit, trailers } from '../signed-object.ts';
import { RECOVERY_TRAILER, type ShownCommit, TRUST_TRAILER } from '../verify/verification.ts';

/** Bytes of commits that are kept whole. Later ones are read again if their signature is needed. */
const MOST_KEPT = 6 * 1024 * 1024;
const COMMITS_A_TURN = 200;
const BYTES_A_TURN = 2 * 1024 * 1024;
/** The most trailers of one key in one message. */
const MOST_TRAILERS = 16;
const MOST_SUBJECT = 200;

/** Reads the commits of a history, one after the other, so that a large one takes little memory. Throws TrustError for a commit that can be read in two ways, SourceError. */
export async function readCommits(history: readonly ShownCommit[]): Promise<Commit[]> {
  const commits: Commit[] = [];
  let bytes = 0;
  let sinceTurn = 0;
  for (const { oid, content } of history) {
    const raw = await content();
    bytes += raw.byteLength;
    sinceTurn += raw.byteLength;
    const commit = parseCommit(oid, raw);
    commits.push(bytes > MOST_KEPT ? light(commit) : commit);
    if (commits.length % COMMITS_A_TURN !== 0 && sinceTurn < BYTES_A_TURN) continue;
    sinceTurn = 0;
    await turn();
  }
  return commits;
}

/** The parts of a commit that a graph needs: the subject and the trailers of the message, and no signature. */
function light(commit: Commit): Commit {
  const kept = [TRUST_TRAILER, RECOVERY_TRAILER].flatMap((key) =>
    trailers(commit.message, key)
      .slice(-MOST_TRAILERS)
      .map((value) => `${key}: ${value.slice(0, MOST_SUBJECT)}`),
  );
  const subject = commit.message.slice(0, MOST_SUBJECT).split('\n')[0] ?? '';
  return {
    oid: commit.oid,
    tree: alone(commit.tree),
    parents: commit.parents.map(alone),
    time: commit.time,
    message: alone(`${subject}\n\n${kept.join('\n')}`),
    signed: undefined,
    payloadId: commit.payloadId,
    isLight: true,
  };
}
