import type { SyncPolicy } from '../../../model/fleet.ts';
import { emptyMemory } from '../../../model/memory.ts';
import type { DesiredSite } from '../../../model/state.ts';
import { removedApp } from '../../../plan/facts/removed-app.ts';
import { dependsOnIn } from '../../../plan/memory/depends-on.ts';
import { preStopHooks } from '../../../plan/memory/pending-hooks.ts';
import { defineCommand } from '../../command.ts';
import { converge } from '../../engine/converge.ts';
import { withEngine } from '../../engine/engine.ts';
import { EXIT } from '../../exit.ts';
import { desiredOptions, engineOptions, folderArgument } from '../../options/desired-options.ts';
import { duration } from '../../options/kinds.ts';
import { onOff, withDefault } from '../../options/option.ts';
import { confirm } from '../../output/confirm.ts';
import { print, printError } from '../../output/terminal.ts';
import { readDesired } from '../../repo/desired.ts';
import { territoryByHand } from '../../settings/territory.ts';

const FREELY: SyncPolicy = { automated: { prune: true, selfHeal: true, allowEmpty: true } };

/**
 * Removes also the apps that Git no longer names; a lone Compose file speaks for its own app only. Asks first where a person sits at a
 * terminal.
 */
export const command = defineCommand({
  argument: folderArgument,
  options: {
    ...desiredOptions,
    ...engineOptions,
    timeout: withDefault(duration, '5m', 'give up after this time'),
    yes: onOff('do not ask first (a command whose standard input is no terminal never asks)', { short: 'y' }),
  },
  exitCodes: {
    0: 'all of it is gone',
    1: 'something is left: it could not be removed, or you answered no',
    2: 'bad input; nothing was changed',
  },
  async run(folder, options) {
    const desired = await readDesired(folder, options, { placeholders: true });
    const here = [...desired.apps, ...desired.broken];
    const names = new Set(here.map(({ name }) => name));
    const adopting = new Set(here.filter(({ adopt }) => adopt).map(({ name }) => name));
    if (desired.vanished) for (const name of await runningApps(desired.site, options.dockerHost)) names.add(name);

    const nothing: DesiredSite = {
      ...desired,
      apps: [...names].map((name) => removedApp(name, desired.revision, FREELY, adopting.has(name))),
      broken: [],
      allowEmpty: true,
      pruneThreshold: 100,
    };
    const list = [...names].sort().join(', ');
    const question = `Stop and remove the containers and networks of ${list} on ${desired.site}? Volumes stay.`;
    if (names.size > 0 && !options.yes && !(await confirm(question))) {
      printError('nothing was changed');
      return EXIT.failed;
    }
    const code = await converge(nothing, {
      timeoutMs: options.timeout,
      territory: territoryByHand(folder, options),
      // Hooks and the order are all that is still needed of apps that go away.
      memory: { ...emptyMemory(), preStop: preStopHooks(desired), dependsOn: dependsOnIn(desired) },
      plan: { byHand: true, prune: true, pullAlways: false, down: true },
      dockerHost: options.dockerHost,
    });
    if (code === EXIT.ok) for (const app of [...adopting].sort()) print(howToHandBack(app));
    return code;
  },
});

/** The old folder of an adopted stack has the files of the day of its adoption. Git has changed since. */
const howToHandBack = (app: string): string =>
  `${app} was adopted: docker compose up in its old folder starts it as it was on the day of adoption. ` +
  `To go on with the files of Git, write them there first: holdfast render --format compose --app ${app}. It prints the paths of this folder, which have to become those of the old one`;

const runningApps = (site: string, dockerHost: string | undefined): Promise<string[]> =>
  withEngine(site, dockerHost, async (engine) => {
    const { containers, networks } = await engine.observe({ images: [] });
    const owners = [
      ...containers.map(({ identity }) => identity),
      ...Object.values(networks).flatMap(({ owner }) => owner ?? []),
    ];
    return owners.filter((owner) => owner.site === site).map(({ app }) => app);
  });
