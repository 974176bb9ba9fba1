import { shortRevision } from '../../../lib/text/revision.ts';
import { beaconPayload, beaconRef } from '../../../trust/beacon.ts';
import { NAMESPACE } from '../../../trust/trust.ts';
import { defineCommand, one } from '../../command.ts';
import { EXIT } from '../../exit.ts';
import { duration, text } from '../../options/kinds.ts';
import { optional, required, withDefault } from '../../options/option.ts';
import { print } from '../../output/terminal.ts';
import { issueStatement, signingOptions } from '../../repo/signing/signed-tag.ts';

const options = {
  revision: withDefault(text('ref'), 'HEAD', 'the branch or tag, as in the --revision of the sites'),
  commit: optional(text('commit'), 'the commit that it is at (default: the one that the clone has)'),
  key: required(text('file'), 'an SSH key that may sign for holdfast-beacon; a .pub file for one in an ssh-agent'),
  valid: withDefault(duration, '24h', 'the time for which sites believe it'),
  ...signingOptions('beacon'),
};

/** Signs into a clone, and sends it where the sites look. */
export const command = defineCommand({
  argument: one('folder', 'a clone of the config repo (default: the current folder)'),
  options,
  exitCodes: { 0: 'signed', 2: 'bad input, or Git or ssh-keygen failed' },
  async run(folder, { revision, ...given }) {
    const { sequence, commit, until } = await issueStatement({
      ...given,
      dir: folder ?? '.',
      revision,
      ref: beaconRef(revision),
      what: 'beacon',
      namespace: NAMESPACE.beacon,
      payload: (issue) => beaconPayload({ revision, ...issue }),
    });
    print(`beacon ${sequence} of ${revision}: at ${shortRevision(commit)}, ${until}`);
    return EXIT.ok;
  },
});
