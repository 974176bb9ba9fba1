import { SourceError } from '../../lib/errors.ts';
import type { Source } from '../../source/source.ts';
import { type Commit, parseCommit, trailers } from '../../trust/signed-object.ts';
import { NAMESPACE, type Trust } from '../../trust/trust.ts';
import { TrustError } from '../../trust/trust-error.ts';
import { attest } from '../../trust/verify/attest.ts';

/** `Holdfast-Rollout: now APP…`: the changes that these apps have in this commit skip their steps. */
const ROLLOUT_TRAILER = 'Holdfast-Rollout';

/** A commit that hurries the changes of some apps along. */
export interface Hurry {
  commit: string;
  apps: string[];
}

/** The most commits whose trailers are read. */
const MOST_READ = 1000;
/** Bytes of history that a site fetches for them. */
const MOST_BYTES = 4 * 1024 * 1024;

/**
 * Finds the commits since the last accepted one that hurry changes along, the newest first. With `trust`, such a commit must be signed by a signer who may
 * change everything. A history that cannot be had hurries nothing.
 */
export async function findHurries(
  tip: string,
  known: string,
  source: Pick<Source, 'history'>,
  trust: Trust | undefined,
  signal: AbortSignal,
): Promise<Hurry[]> {
  if (tip === known) return [];
  try {
    const found: Hurry[] = [];
    const history = await source.history(tip, [known], signal, MOST_BYTES);
    for (const { oid, content } of history.slice(0, MOST_READ)) {
      const commit = parseCommit(oid, await content());
      const apps = appsIn(commit);
      if (apps.length > 0 && (await mayHurry(commit, trust))) found.push({ commit: oid, apps });
    }
    return found;
  } catch (error) {
    if (error instanceof SourceError || error instanceof TrustError) return [];
    throw error;
  }
}

const appsIn = ({ message }: Commit): string[] =>
  trailers(message, ROLLOUT_TRAILER).flatMap((value) => {
    const [word, ...apps] = value.split(/[\s,]+/);
    return word === 'now' ? apps.filter((app) => app !== '') : [];
  });

async function mayHurry(commit: Commit, trust: Trust | undefined): Promise<boolean> {
  if (!trust) return true;
  const { oid, signed, time } = commit;
  const claim = { what: `commit ${oid}`, signed, namespace: NAMESPACE.git, madeAt: time };
  const signers = await attest(claim, trust).catch((error: unknown) => {
    if (error instanceof TrustError) return [];
    throw error;
  });
  return signers.some(({ signer }) => signer.paths === undefined);
}
