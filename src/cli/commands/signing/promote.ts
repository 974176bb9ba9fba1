import { InputError } from '../../../lib/errors.ts';
import { defineCommand, some } from '../../command.ts';
import { promotionOptions, statePromotion } from '../../repo/signing/promotion.ts';

/** Opens a step of a rollout for the change that an app has in a commit. */
export const command = defineCommand({
  argument: some('words', 'the app, and the number of the step, from 1: that step and those before it are opened'),
  usage: '[options] <app> <step>',
  options: promotionOptions,
  exitCodes: { 0: 'signed', 2: 'bad input, or Git or ssh-keygen failed' },
  async run([app = '', step = '', ...others], options) {
    if (!/^[1-9]\d{0,3}$/.test(step) || others.length > 0)
      throw InputError.of('name the app and the number of the step, as `holdfast promote pos 2`');
    return statePromotion(app, Number(step), 'open', options);
  },
});
