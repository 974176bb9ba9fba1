import { InputError } from '../../../lib/errors.ts';
import { defineCommand, some } from '../../command.ts';
import { promotionOptions, statePromotion } from '../../repo/signing/promotion.ts';

/** Holds the change that an app has in a commit: no site begins it that has not begun it. */
export const command = defineCommand({
  argument: some('app', 'the app'),
  options: promotionOptions,
  exitCodes: { 0: 'signed', 2: 'bad input, or Git or ssh-keygen failed' },
  async run([app = '', ...others], options) {
    if (others.length > 0) throw InputError.of('name one app, as `holdfast hold pos`');
    return statePromotion(app, 1, 'hold', options);
  },
});
