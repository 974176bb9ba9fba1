import { sourceEvidence, TRUST_FILE } from '../../../agent/admission/source-evidence.ts';
import { InputError } from '../../../lib/errors.ts';
import { line } from '../../../lib/text/line.ts';
import { shortRevision } from '../../../lib/text/revision.ts';
import { utf8 } from '../../../lib/text/utf8.ts';
import { unannounced } from '../../../trust/announced.ts';
import { succeed, type Trust } from '../../../trust/trust.ts';
import type { Candidate, Evidence, Verification } from '../../../trust/verify/verification.ts';
import { verifyCommit } from '../../../trust/verify/verify-commit.ts';
import { defineCommand, one } from '../../command.ts';
import { EXIT } from '../../exit.ts';
import { text } from '../../options/kinds.ts';
import { type OptionsOf, optional } from '../../options/option.ts';
import { palette, print } from '../../output/terminal.ts';
import { type OpenedSource, openFolder, openRepo } from '../../repo/open-source.ts';
import { readTrust, trustReader } from '../../repo/signing/trust-file.ts';
import { tellPin } from '../../repo/signing/verify-pin.ts';

const options = {
  repo: optional(text('url'), 'ask a Git repo, an artifact (oci://) or a .bundle file instead of a folder'),
  revision: optional(text('ref'), 'the branch, tag or commit that the site follows (default: HEAD)'),
  path: optional(text('dir'), "the config repo's folder in the repo"),
  site: optional(text('name'), 'also check that this site may read the revision that its Site pins'),
  trust: optional(
    text('file'),
    "the site's trust.yaml (default: the repo's, at the commit that the site accepted last)",
  ),
  from: optional(text('commit'), 'the commit that the site accepted last (default: it has accepted nothing yet)'),
};

type VerifyOptions = OptionsOf<typeof options>;

export const command = defineCommand({
  argument: one('folder', 'a clone of the config repo (default: the current folder)'),
  options,
  exitCodes: { 0: 'the site would accept it', 1: 'it would not', 2: 'bad input' },
  async run(folder, options) {
    if (options.repo !== undefined && folder !== undefined)
      throw InputError.of('name either a folder or --repo, not both');
    const opened =
      options.repo === undefined
        ? await openFolder(folder ?? '.', options, 'top')
        : await openRepo(options.repo, options);
    return verify(opened, options).finally(() => opened.close());
  },
});

async function verify(opened: OpenedSource, options: VerifyOptions): Promise<number> {
  const { source } = opened;
  const { signal } = new AbortController();
  const inGit = async (commit: string): Promise<string | undefined> => {
    const snapshot = await source.fetch(commit, signal);
    const file = await snapshot.read(TRUST_FILE).finally(() => snapshot.dispose());
    return file && utf8(file.content, TRUST_FILE);
  };
  const evidence = sourceEvidence(source, signal, async (text, current) =>
    succeed(current, await readTrust(text, TRUST_FILE)),
  );
  const { commit, ref, tag } = await source.poll(signal);
  const floor = options.from === undefined ? undefined : await opened.commitNamed(options.from);
  const name = ref?.startsWith(TAGS) ? ref.slice(TAGS.length) : undefined;
  const candidate: Candidate = { commit, tag: name === undefined ? undefined : { name, oid: tag } };
  const trust = await trustFor(options, floor ?? commit, inGit);
  const verification = await tell({ candidate, floor, trust, evidence, inGit, isFromGit: options.trust === undefined });
  if (verification.refusals.length > 0) return EXIT.failed;
  const { site } = options;
  const mayRead = site === undefined || (await tellPin(site, opened, commit, verification.trust, evidence));
  return mayRead ? EXIT.ok : EXIT.failed;
}

const TAGS = 'refs/tags/';

/** The trust of the named file, else of the repo's trust.yaml at the commit that the site accepted last. */
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
  /** True for trust that was read from Git. */
  isFromGit: boolean;
  evidence: Evidence;
  inGit(commit: string): Promise<string | undefined>;
}

async function tell({ candidate, floor, trust, isFromGit, evidence, inGit }: Question): Promise<Verification> {
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
  return verification;
}

function summary(commit: string, floor: string | undefined, { refusals, trust, recovery }: Verification): string {
  const site = floor === undefined ? 'a new site' : `a site at ${shortRevision(floor)}`;
  const [refusal] = refusals;
  if (refusal) return `${site} would refuse ${shortRevision(commit)}: ${refusal.kind}: ${refusal.message}`;
  const how = recovery === undefined ? '' : `, by the recovery in ${shortRevision(recovery)}`;
  return `${site} would accept ${shortRevision(commit)}${how}; trust.yaml version ${trust.version} is then in force`;
}
