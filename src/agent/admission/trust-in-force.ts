import { schemaProblems } from '../../fleet/schema/schema.ts';
import { formatProblem, InputError } from '../../lib/errors.ts';
import type { Log } from '../../lib/log.ts';
import { shortRevision } from '../../lib/text/revision.ts';
import { succeed, type Trust } from '../../trust/trust.ts';
import { parseTrust } from '../../trust/trust-file.ts';
import { TRUST_FILE } from './source-evidence.ts';
import type { TrustRecord } from './trust-record.ts';

/**
 * The trust.yaml by which a site verifies commits: its own file, or the newest one of Git that was taken over. The newer version wins; how strict
 * the site is, its own file decides.
 */
export interface TrustInForce {
  /** undefined where the site verifies nothing. An own file that became unusable counts as it was last read. Throws InputError where it never was usable. */
  now(): Promise<Trust | undefined>;
  /** The site's own file, as `now` read it. */
  own(): Trust | undefined;
  /** Changes with the site's own file and with the successor; empty where nothing is verified. */
  digest(trust: Trust | undefined): string;
  /** Reads a trust.yaml of Git. Throws InputError. */
  read(text: string): Promise<Trust>;
  /** The trust.yaml in force once one of Git follows `current`. Throws InputError. */
  successorOf(text: string, current: Trust): Promise<Trust>;
  /** The text that a successor was read from; undefined for the site's own file. */
  textOf(trust: Trust): string | undefined;
  /** The log told of this version already. */
  told(version: number): void;
}

export function createTrustInForce(
  record: TrustRecord,
  readOwn: () => Promise<Trust | undefined>,
  log: Log,
  warnOnce: (text: string) => void,
): TrustInForce {
  /** By digest. */
  const texts = new Map<string, string>();
  const toldVersions = new Set<number>();
  let own: Trust | undefined;
  let successor: Trust | undefined;

  const read = (text: string): Promise<Trust> => parseTrust(text, TRUST_FILE, (root) => schemaProblems(root, 'Trust'));

  async function ownNow(): Promise<Trust | undefined> {
    try {
      return await readOwn();
    } catch (error) {
      if (!(error instanceof InputError) || !own) throw error;
      for (const problem of error.problems)
        warnOnce(`${formatProblem(problem)}; the site uses the file as it was read before`);
      return own;
    }
  }

  async function newest(site: Trust): Promise<Trust> {
    const stored = record.successor();
    if (!stored || stored.version <= site.version) return site;
    if (successor?.version !== stored.version) {
      successor = await read(stored.text);
      // For a person who edits the site's own file and sees no effect.
      const from = `version ${stored.version} of Git is, since ${shortRevision(stored.commit)}`;
      if (!toldVersions.has(stored.version))
        log.info(`the site's own ${TRUST_FILE}, version ${site.version}, is not in force: ${from}`);
    }
    return succeed(site, successor);
  }

  return {
    async now() {
      own = await ownNow();
      if (!own) return undefined;
      const trust = await newest(own);
      return trust.mode === 'off' ? undefined : trust;
    },
    own: () => own,
    digest: (trust) => (trust && own ? `${own.digest} ${trust.digest}` : ''),
    read,
    async successorOf(text, current) {
      const next = await read(text);
      texts.set(next.digest, text);
      return succeed(own ?? current, next);
    },
    textOf: (trust) => texts.get(trust.digest),
    told: (version) => void toldVersions.add(version),
  };
}
