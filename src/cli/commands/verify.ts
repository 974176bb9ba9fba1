import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, posix } from 'node:path';
import { sourceEvidence, TRUST_FILE } from '../../agent/admission/source-evidence.ts';
import { gitWord, runProgram } from '../../git/clone/git-program.ts';
import { InputError } from '../../lib/errors.ts';
import { line } from '../../lib/text/line.ts';
import { shortRevision } from '../../lib/text/revision.ts';
import { utf8 } from '../../lib/text/utf8.ts';
import { gitSource } from '../../source/git-source.ts';
import { unannounced } from '../../trust/announced.ts';
import { succeed, type Trust } from '../../trust/trust.ts';
import type { Candidate, Evidence, Verification } from '../../trust/verify/verification.ts';
import { verifyCommit } from '../../trust/verify/verify-commit.ts';
import { defineCommand, one } from '../command.ts';
import { EXIT } from '../exit.ts';
import { text } from '../options/kinds.ts';
import { type OptionsOf, optional } from '../options/option.ts';
import { palette, print } from '../output/terminal.ts';
import { localEvidence } from '../repo/local-evidence.ts';
import { cloneSnapshot, namedInClone, namedInRepo } from '../repo/pinned.ts';
import { readTrust, trustReader } from '../repo/trust-file.ts';
import { type PinnedAt, tellPin } from '../repo/verify-pin.ts';
import { sourceOptionsFrom } from '../settings/source-settings.ts';

const options = {
  repo: optional(text('url'), 'ask a Git repo, an artifact (oci://) or a .bundle file instead of a folder'),
  revision: optional(text('ref'), 'the branch, tag or commit that the site follows (default: HEAD)'),
  path: optional(text('dir'), "the config repo's folder in the repo"),
  site: optional(text('name'), 'also say whether this site may read what its Site pins'),
  trust: optional(
    text('file'),
    "the site's trust.yaml (default: the repo's, at the commit that the site accepted last)",
  ),
  from: optional(text('commit'), 'the commit that the site accepted last (default: it has accepted nothing yet)'),
};

type VerifyOptions = OptionsOf<typeof options>;

export const command = defineCommand({
  argument: one('folder', 'a clone of the config repo; this needs git'),
  options,
  exitCodes: { 0: 'the site would accept it', 1: 'it would not', 2: 'bad input' },
  async run(folder, options) {
    if (options.repo !== undefined && folder !== undefined)
      throw InputError.of('name either a folder or --repo, not both');
    return options.repo === undefined ? verifyClone(folder ?? '.', options) : verifyRepo(options.repo, options);
  },
});

async function verifyClone(dir: string, options: VerifyOptions): Promise<number> {
  const file = posix.join(options.path ?? '', TRUST_FILE);
  const evidence = localEvidence(dir, file);
  const revision = options.revision ?? 'HEAD';
  const commit = await commitOf(dir, revision);
  const floor = options.from === undefined ? undefined : await commitOf(dir, options.from);
  const isTag = (await gitWord(dir, ['rev-parse', '-q', '--verify', `refs/tags/${revision}`])) !== undefined;
  const tag = isTag ? await gitWord(dir, ['rev-parse', `refs/tags/${revision}`]) : undefined;
  const candidate: Candidate = {
    commit,
    ...(isTag && { tag: { name: revision, oid: tag === commit ? undefined : tag } }),
  };
  const inGit = async (at: string): Promise<string | undefined> => {
    const { code, stdout } = await runProgram('git', ['cat-file', 'blob', `${at}:${file}`], dir);
    return code === 0 ? utf8(stdout, file) : undefined;
  };
  const trust = await trustFor(options, floor ?? commit, inGit);
  const { site } = options;
  const origin = { description: dir, name: '' };
  const pins: PinnedAt | undefined =
    site === undefined
      ? undefined
      : {
          site,
          reading: async (at, use) => use(await cloneSnapshot(dir, at, options.path ?? '', origin)),
          named: (pin) => namedInClone(dir, pin),
        };
  return tell({ candidate, floor, trust, evidence, inGit, isFromGit: options.trust === undefined, pins });
}

async function commitOf(dir: string, revision: string): Promise<string> {
  const found = await gitWord(dir, ['rev-parse', '-q', '--verify', `${revision}^{commit}`]);
  if (found === undefined) throw InputError.of(`${dir} is no clone of a Git repo, or has no commit ${revision}`);
  return found;
}

async function verifyRepo(url: string, options: VerifyOptions): Promise<number> {
  const dir = await mkdtemp(join(tmpdir(), 'holdfast-'));
  const { signal } = new AbortController();
  const source = gitSource({
    url,
    dir,
    ...(await sourceOptionsFrom(process.env)),
    revision: options.revision,
    path: options.path,
  });
  try {
    const reading = async (commit: string): Promise<string | undefined> => {
      const snapshot = await source.fetch(commit, signal);
      const file = await snapshot.read(TRUST_FILE).finally(() => snapshot.dispose());
      return file && utf8(file.content, TRUST_FILE);
    };
    const evidence = sourceEvidence(source, signal, async (text, current) =>
      succeed(current, await readTrust(text, TRUST_FILE)),
    );
    const polled = await source.poll(signal);
    if (options.from !== undefined && !/^[0-9a-f]{40}$/.test(options.from))
      throw InputError.of('with --repo, --from is the full ID of a commit');
    const name = polled.ref?.startsWith('refs/tags/') ? polled.ref.slice('refs/tags/'.length) : undefined;
    const candidate: Candidate = {
      commit: polled.commit,
      ...(name !== undefined && { tag: { name, oid: polled.tag } }),
    };
    const trust = await trustFor(options, options.from ?? polled.commit, reading);
    const isFromGit = options.trust === undefined;
    const { site } = options;
    const pins: PinnedAt | undefined =
      site === undefined
        ? undefined
        : {
            site,
            reading: async (at, use) => {
              const snapshot = await source.fetch(at, signal);
              return use(snapshot).finally(() => snapshot.dispose());
            },
            named: async (pin) => (await namedInRepo(source, signal, pin)).pinned,
          };
    return await tell({ candidate, floor: options.from, trust, evidence, inGit: reading, isFromGit, pins });
  } finally {
    source.close();
    await rm(dir, { recursive: true, force: true });
  }
}

/** The site's own file where one is named, else what Git holds where the site stands. */
async function trustFor(
  { trust }: VerifyOptions,
  commit: string,
  inGit: (commit: string) => Promise<string | undefined>,
): Promise<Trust> {
  if (trust !== undefined) return trustReader(trust)();
  const text = await inGit(commit);
  if (text === undefined)
    throw InputError.of(`there is no ${TRUST_FILE} at commit ${shortRevision(commit)}`, 'name one with --trust');
  return readTrust(text, TRUST_FILE);
}

interface Question {
  candidate: Candidate;
  floor: string | undefined;
  trust: Trust;
  /** Whether that is the one of Git. */
  isFromGit: boolean;
  evidence: Evidence;
  inGit(commit: string): Promise<string | undefined>;
  /** Where the Site is that a question is about. */
  pins?: PinnedAt | undefined;
}

async function tell({ candidate, floor, trust, isFromGit, evidence, inGit, pins }: Question): Promise<number> {
  const verification = await verifyCommit(candidate, { floor, trust, now: Date.now() }, evidence, { explain: true });
  const { add, error } = palette();
  const text = verification.refusals.length === 0 ? await inGit(candidate.commit) : undefined;
  if (text !== undefined) {
    const found = await readTrust(text, TRUST_FILE).catch((error: unknown) => {
      if (error instanceof InputError) return error;
      throw error;
    });
    const { trust: inForce } = verification;
    const fault = unannounced({ found, inForce, isFromGit: isFromGit || inForce.digest !== trust.digest });
    if (fault) verification.refusals.push(fault);
  }
  for (const { commit, signers, refusal, isAside } of verification.verdicts) {
    const subject = commit.message.split('\n')[0] ?? '';
    const mark = refusal === undefined ? add('signed ') : isAside ? 'aside  ' : error('refused');
    const by = signers.length > 0 ? `  (${signers.join(', ')})` : '';
    print(line`${mark} ${shortRevision(commit.oid)}  ${subject}${by}`);
    if (refusal) print(`        ${refusal.kind}: ${refusal.message}`);
  }
  for (const commit of verification.rotations)
    print(`commit ${shortRevision(commit)} brings a trust.yaml that is taken over`);
  print(summary(candidate.commit, floor, verification));
  if (verification.refusals.length > 0) return EXIT.failed;
  const mayRead = !pins || (await tellPin(pins, candidate.commit, verification.trust, evidence));
  return mayRead ? EXIT.ok : EXIT.failed;
}

function summary(commit: string, floor: string | undefined, { refusals, trust, recovery }: Verification): string {
  const site = floor === undefined ? 'a new site' : `a site at ${shortRevision(floor)}`;
  const [refusal] = refusals;
  if (refusal) return `${site} would refuse ${shortRevision(commit)}: ${refusal.kind}: ${refusal.message}`;
  const how = recovery === undefined ? '' : `, by the recovery in ${shortRevision(recovery)}`;
  return `${site} would accept ${shortRevision(commit)}${how}; trust.yaml version ${trust.version} is then in force`;
}
