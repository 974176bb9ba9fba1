import { sourceEvidence } from '../../../src/agent/admission/source-evidence.ts';
import { placeSite } from '../../../src/fleet/place-site.ts';
import { processWorker } from '../../../src/git/pack/worker/pack-process.ts';
import { systemClock } from '../../../src/lib/clock.ts';
import { InputError, SourceError } from '../../../src/lib/errors.ts';
import { gitSource } from '../../../src/source/git-source.ts';
import { parseTrust } from '../../../src/trust/trust-file.ts';
import { verifyCommit } from '../../../src/trust/verify/verify-commit.ts';

// A program: does with a repo in a folder what an agent does with a commit that it sees: looks, judges all from the commit that it enforces, and reads the
// files. A line of JSON says what it came to.

const [url = '', floor = '', dir = '', trust = ''] = process.argv.slice(2);

/** The result. */
export interface FollowedHistory {
  /** The number of commits that the verification judged, or the kind of the error that ended it. */
  judged: number | string;
  refusal: string;
  /** Apps that were placed, or why they could not be read. */
  read: string;
  /** The number of turns in which other work could have run. */
  turns: number;
}

const { signal } = new AbortController();
let turns = 0;
const watch = setInterval(() => {
  turns++;
}, 5);

const said = (error: unknown): string => {
  if (error instanceof SourceError || error instanceof InputError) return error.message;
  throw error;
};

const source = gitSource({ url, dir, worker: processWorker, clock: systemClock, revision: 'main' });
const inForce = await parseTrust(trust, 'trust.yaml', async () => []);
const evidence = sourceEvidence(source, signal, async (_text, current) => current);
const { commit } = await source.poll(signal);
const verification = await verifyCommit({ commit }, { floor, trust: inForce, now: Date.now() }, evidence).catch(said);
const placed = await source
  .fetch(commit, signal)
  .then(async (snapshot) => {
    const { apps } = await placeSite(snapshot, {}).finally(() => snapshot.dispose());
    return apps.map(({ name }) => name).join(' ');
  })
  .catch(said);
source.close();
clearInterval(watch);
const result: FollowedHistory = {
  judged: typeof verification === 'string' ? verification : verification.verdicts.length,
  refusal: typeof verification === 'string' ? '' : (verification.refusals[0]?.message ?? ''),
  read: placed,
  turns,
};
console.log(JSON.stringify(result));
