import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { type Clone, openClone } from '../../../git/clone/clone.ts';
import { git, programIn } from '../../../git/clone/git-program.ts';
import { namedCommit } from '../../../git/clone/named-commit.ts';
import { InputError } from '../../../lib/errors.ts';
import { readOpenSshKey, signSsh } from '../../../trust/signature/ssh-sign.ts';
import { trailers } from '../../../trust/signed-object.ts';
import { siteTime } from '../../../trust/site-time.ts';
import { count, text } from '../../options/kinds.ts';
import { optional } from '../../options/option.ts';

/** The options of all commands that sign a statement for sites: a tag object that a ref leads to, and no tag. */
export const signingOptions = (what: string) => ({
  sequence: optional(
    count(1),
    `the number of the ${what}; sites believe no lower one than they saw (default: the time in seconds)`,
  ),
  push: optional(text('remote'), 'send it to this remote, with the program git'),
});

/** Now, to the second, in milliseconds. Throws InputError for a clock that cannot be right. */
function issueTime(): number {
  const issued = Math.floor(Date.now() / 1000) * 1000;
  if (siteTime(new Date(issued)) !== undefined) return issued;
  throw InputError.of(`the clock of this machine says ${new Date(issued).toISOString()}, which cannot be right`);
}

interface Statement {
  /** A clone of the config repo. */
  dir: string;
  /** The branch or tag, as in the --revision of the sites. */
  revision: string;
  /** Default: the one that the clone has for the revision. */
  commit?: string | undefined;
  /** Where the statement is kept; undefined for a revision that has no place for it. */
  ref: string | undefined;
  /** The kind of statement, in words. */
  what: string;
  /** Milliseconds for which sites believe it. */
  valid: number;
  key: string;
  namespace: string;
  sequence?: number | undefined;
  push?: string | undefined;
  payload(issue: Issue): string;
}

/** The parts of a statement that are known only when it is issued. Times are in milliseconds. */
interface Issue {
  commit: string;
  sequence: number;
  issued: number;
  expires: number;
}

/** A statement that was issued. `until`: when it ends, and what is left to do, in words. */
export type Issued = Issue & { until: string };

/** Signs a statement into a clone, and sends it. Throws InputError. */
export async function issueStatement(statement: Statement): Promise<Issued> {
  const { dir, revision, ref } = statement;
  if (ref === undefined)
    throw InputError.of(`${JSON.stringify(revision)} is not the name of a branch or a tag that sites can follow`);
  const issued = issueTime();
  const clone = await openClone(dir);
  try {
    return await issueIn(clone, ref, issued, statement);
  } finally {
    clone.close();
  }
}

async function issueIn(clone: Clone, ref: string, issued: number, statement: Statement): Promise<Issued> {
  const { dir, key, namespace, push, valid } = statement;
  const asked = statement.commit ?? statement.revision;
  const named = await namedCommit(clone, asked);
  if (!named) throw InputError.of(`${dir} has no commit ${asked}`);
  if (push !== undefined) await fetchBefore(dir, push, ref);
  const sequence = await nextSequence(clone, ref, issued, statement);
  const issue = { commit: named.commit, sequence, issued, expires: issued + valid };
  const payload = statement.payload(issue);
  const signed = payload + (await sign(resolve(key), payload, namespace, dir));
  await clone.storeTag(Buffer.from(signed), ref);
  if (push !== undefined) await git(dir, ['push', '--quiet', push, `+${ref}:${ref}`]);
  const rest = push === undefined ? `; send it with: git push REMOTE +${ref}:${ref}` : '';
  return { ...issue, until: `until ${new Date(issue.expires).toISOString()}${rest}` };
}

async function nextSequence(
  clone: Clone,
  ref: string,
  issued: number,
  { what, sequence: given }: Statement,
): Promise<number> {
  const highest = issued / 1000 + 86_400;
  const found = await lastSequence(clone, ref);
  // A number far beyond its time was believed by no site.
  const last = found <= highest ? found : 0;
  // The time in seconds needs no memory. If somebody's clock was ahead, the last number plus one is higher.
  const sequence = given ?? Math.max(last + 1, issued / 1000);
  if (sequence <= last) {
    throw InputError.of(
      `--sequence ${sequence} is not above ${last}, the last ${what}'s: sites that saw that one believe no lower number`,
      'leave it out: the number then rises by itself',
    );
  }
  if (sequence > highest) {
    throw InputError.of(
      `--sequence ${sequence} is more than a day ahead of now, ${issued / 1000} s since 1970: no site believes it`,
      'leave it out, and it counts up',
    );
  }
  return sequence;
}

async function fetchBefore(dir: string, remote: string, ref: string): Promise<void> {
  const there = (await git(dir, ['ls-remote', remote, ref])).toString('utf8').trim();
  if (there !== '') await git(dir, ['fetch', '--quiet', remote, `+${ref}:${ref}`]);
}

/** The number of the newest statement in the clone; 0 if there is none. */
async function lastSequence(clone: Clone, ref: string): Promise<number> {
  const last = (await clone.refs([ref])).find(({ name }) => name === ref);
  const object = last && (await clone.find(last.oid));
  const message = object?.type === 'tag' ? object.content.toString('utf8').split('-----BEGIN')[0] : undefined;
  return Number(trailers(message ?? '', 'Sequence')[0] ?? 0);
}

async function sign(key: string, payload: string, namespace: string, dir: string): Promise<string> {
  const content = await readFile(key, 'utf8').catch((error: NodeJS.ErrnoException) => {
    throw InputError.of(`the key ${key} cannot be read: ${error.code ?? error.message}`);
  });
  const own = readOpenSshKey(content);
  if (own) return signSsh(own, Buffer.from(payload), namespace);
  // OpenSSH knows passphrases, security keys, and an ssh-agent behind a .pub file.
  const args = ['-Y', 'sign', '-q', '-n', namespace, '-f', key];
  const { code, stdout, stderr } = await programIn(dir, 'ssh-keygen', args, payload);
  if (code !== 0) throw InputError.of(`ssh-keygen cannot sign with ${key}: ${stderr}`);
  return stdout.toString('utf8');
}
