import { type Clone, openClone } from '../../git/clone/clone.ts';
import { namedCommit } from '../../git/clone/named-commit.ts';
import { InputError } from '../../lib/errors.ts';
import { shortRevision } from '../../lib/text/revision.ts';
import { beaconPayload, beaconRef } from '../../trust/beacon.ts';
import { NAMESPACE } from '../../trust/trust.ts';
import { defineCommand, one } from '../command.ts';
import { EXIT } from '../exit.ts';
import { duration, text } from '../options/kinds.ts';
import { type OptionsOf, optional, required, withDefault } from '../options/option.ts';
import { print } from '../output/terminal.ts';
import { issueStatement, issueTime, signingOptions } from '../repo/signed-tag.ts';

const options = {
  revision: withDefault(text('ref'), 'HEAD', 'the branch or tag, as in the --revision of the sites'),
  commit: optional(text('commit'), 'the commit that it is at (default: the one that the clone has)'),
  key: required(text('file'), 'an SSH key that may sign for holdfast-beacon; a .pub file for one in an ssh-agent'),
  valid: withDefault(duration, '24h', 'the time for which sites believe it'),
  ...signingOptions('beacon'),
};

type BeaconOptions = OptionsOf<typeof options>;

/** Signs into a clone, and sends it where the sites look. */
export const command = defineCommand({
  argument: one('folder', 'a clone of the config repo (default: the current folder)'),
  options,
  exitCodes: { 0: 'signed', 2: 'bad input, or Git or ssh-keygen failed' },
  async run(folder, options) {
    const dir = folder ?? '.';
    const { revision } = options;
    const ref = beaconRef(revision);
    if (ref === undefined)
      throw InputError.of(`${JSON.stringify(revision)} is not the name of a branch or a tag that sites can follow`);
    const issued = issueTime();
    const clone = await openClone(dir);
    return issue(clone, dir, ref, issued, options).finally(() => clone.close());
  },
});

async function issue(clone: Clone, dir: string, ref: string, issued: number, options: BeaconOptions): Promise<number> {
  const { revision, key, sequence: given, push, valid } = options;
  const named = await namedCommit(clone, options.commit ?? revision);
  if (!named) throw InputError.of(`${dir} has no commit ${options.commit ?? revision}`);
  const { commit } = named;
  const expires = issued + valid;
  const { sequence, rest } = await issueStatement({
    clone,
    dir,
    ref,
    what: 'beacon',
    issued,
    key,
    namespace: NAMESPACE.beacon,
    sequence: given,
    push,
    payload: (sequence) => beaconPayload({ revision, commit, sequence, issued, expires }),
  });
  print(
    `beacon ${sequence} of ${revision}: at ${shortRevision(commit)}, until ${new Date(expires).toISOString()}${rest}`,
  );
  return EXIT.ok;
}
