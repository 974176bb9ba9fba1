import { guardSite } from '../../../apply/guard-site.ts';
import { outsideValues } from '../../../compose/private-values/outside-values.ts';
import { defineCommand } from '../../command.ts';
import { converge } from '../../engine/converge.ts';
import { isElsewhere, withoutFiles } from '../../engine/elsewhere.ts';
import { hostByHand } from '../../engine/host-by-hand.ts';
import {
  desiredOptions,
  engineOptions,
  folderArgument,
  hostOption,
  keyOptions,
  policyOption,
} from '../../options/desired-options.ts';
import { duration } from '../../options/kinds.ts';
import { onOff, withDefault } from '../../options/option.ts';
import { secretsByHand } from '../../repo/age-keys.ts';
import { readDesired, requireUnbroken } from '../../repo/desired.ts';
import { policyByHand } from '../../repo/policy-file.ts';
import { territoryByHand } from '../../settings/territory.ts';

/** Bad input of any app changes nothing at all. */
export const command = defineCommand({
  argument: folderArgument,
  options: {
    ...desiredOptions,
    ...engineOptions,
    ...keyOptions,
    ...policyOption,
    ...hostOption,
    prune: onOff('remove what Git no longer names, whatever the policy says'),
    timeout: withDefault(duration, '5m', 'give up after this time'),
  },
  exitCodes: {
    0: 'everything is as Git says',
    1: 'an app failed, or time ran out',
    2: 'bad input; nothing was changed',
  },
  async run(folder, options) {
    const territory = territoryByHand(folder, options);
    const outside = outsideValues();
    const secrets = await secretsByHand(options.ageKeyFile);
    const read = await readDesired(folder, options, { placeholders: false, engine: true, outside, secrets });
    const elsewhere = await isElsewhere(options.dockerHost);
    const policy = await policyByHand(options, { territory, hide: outside.hide });
    const here = { territory, filesDir: territory.filesDir };
    const desired = await guardSite(elsewhere ? withoutFiles(read) : read, { policy, ...(!elsewhere && here) });
    requireUnbroken(desired);
    return converge(desired, {
      timeoutMs: options.timeout,
      territory,
      secretDigest: secrets?.digest,
      hide: outside.hide,
      plan: { byHand: true, prune: options.prune, pullAlways: true },
      host: hostByHand({ ...options, filesDir: territory.filesDir }, elsewhere),
      dockerHost: options.dockerHost,
    });
  },
});
