import { isProjectName } from '../../../fleet/project-name.ts';
import { InputError } from '../../../lib/errors.ts';
import { shortRevision } from '../../../lib/text/revision.ts';
import { type Promotion, promotionPayload, promotionRefs } from '../../../trust/promotion.ts';
import { NAMESPACE } from '../../../trust/trust.ts';
import { EXIT } from '../../exit.ts';
import { duration, text } from '../../options/kinds.ts';
import { type OptionsOf, optional, required, withDefault } from '../../options/option.ts';
import { print } from '../../output/terminal.ts';
import { issueStatement, signingOptions } from './signed-tag.ts';

/** The options of `promote` and `hold`. */
export const promotionOptions = {
  folder: withDefault(text('dir'), '.', 'a clone of the config repo'),
  revision: withDefault(text('ref'), 'HEAD', 'the branch or tag, as in the --revision of the sites'),
  commit: optional(text('commit'), "the commit that has the app's change (default: the one that the clone has)"),
  key: required(text('file'), 'an SSH key that may sign for holdfast-rollout; a .pub file for one in an ssh-agent'),
  valid: withDefault(duration, '720h', 'the time for which sites believe it'),
  ...signingOptions('promotion'),
};

/** Signs a promotion into a clone, and sends it where the sites look. Gives the exit code. Throws InputError. */
export async function statePromotion(
  app: string,
  step: number,
  state: Promotion['state'],
  { folder: dir, revision, ...given }: OptionsOf<typeof promotionOptions>,
): Promise<number> {
  if (!isProjectName(app)) throw InputError.of(`${JSON.stringify(app)} cannot be the name of an app`);
  const prefix = promotionRefs(revision);
  const { sequence, commit, until } = await issueStatement({
    ...given,
    dir,
    revision,
    ref: prefix === undefined ? undefined : `${prefix}${app}`,
    what: 'promotion',
    namespace: NAMESPACE.rollout,
    payload: (issue) => promotionPayload({ revision, app, step, state, ...issue }),
  });
  const said = state === 'open' ? `step ${step} is open` : 'its change is held';
  print(`promotion ${sequence} of ${app} at ${shortRevision(commit)}: ${said}, ${until}`);
  return EXIT.ok;
}
