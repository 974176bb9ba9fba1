import { SourceError } from '../../lib/errors.ts';
import type { Log } from '../../lib/log.ts';
import { shortRevision } from '../../lib/text/revision.ts';
import type { Source } from '../../source/source.ts';

/** Bytes that it may take to find out whether a history was rewritten that is followed all the same. */
const MOST_BYTES = 16 * 1024;

/** A site without a trust.yaml follows a rewritten history, and its log says so. */
export async function reportRewrite(
  commit: string,
  accepted: string | undefined,
  source: Source,
  log: Log,
  signal: AbortSignal,
): Promise<void> {
  if (accepted === undefined || accepted === commit) return;
  const found = await descends(commit, accepted, source, signal);
  if (found === 'no')
    log.warn(
      `${shortRevision(commit)} does not descend from ${shortRevision(accepted)}, which was accepted: the history was rewritten. It is followed all the same`,
      { revision: commit },
    );
  // An error of this machine stops the fetch too, which tells of it.
  else if (found !== 'yes' && found.kind !== 'local' && !signal.aborted)
    log.info(
      `it is not known whether ${shortRevision(commit)} descends from ${shortRevision(accepted)}: ${found.message}`,
    );
}

async function descends(
  commit: string,
  accepted: string,
  source: Source,
  signal: AbortSignal,
): Promise<'yes' | 'no' | SourceError> {
  try {
    for (const { content } of await source.history(commit, [accepted], signal, MOST_BYTES))
      if (Buffer.from(await content()).includes(`\nparent ${accepted}\n`)) return 'yes';
    return 'no';
  } catch (error) {
    if (!(error instanceof SourceError)) throw error;
    return error.kind === 'notFound' ? 'no' : error;
  }
}
