import { resolve } from 'node:path';
import { outsideValues } from '../../../compose/private-values/outside-values.ts';
import { observationOf } from '../../../impact/observed/blot.ts';
import { imagesIn } from '../../../impact/running.ts';
import { systemClock } from '../../../lib/clock.ts';
import { systemDisk } from '../../../lib/disk.ts';
import { emptyMemory } from '../../../model/memory.ts';
import { adopting } from '../../../plan/memory/adopted.ts';
import { placeholderOf } from '../../../plan/unknown-values.ts';
import { defineCommand } from '../../command.ts';
import { withEngine } from '../../engine/engine.ts';
import { EXIT } from '../../exit.ts';
import { desiredOptions, engineOptions, folderArgument } from '../../options/desired-options.ts';
import { text } from '../../options/kinds.ts';
import { optional } from '../../options/option.ts';
import { print, printJson } from '../../output/terminal.ts';
import { readDesired } from '../../repo/desired.ts';
import { siteFile } from '../../repo/site-files.ts';

const NOTES = `The repo tells which values are secrets of the site: those that only the site knows are not written, nor those that look like passwords or keys.
\`diff --fleet --actual\` takes the values of the old revision in their place.`;

/** Writes an observation of the site on the engine. */
export const command = defineCommand({
  argument: folderArgument,
  options: {
    ...desiredOptions,
    dockerHost: engineOptions.dockerHost,
    adopt: engineOptions.adopt,
    dir: optional(text('dir'), 'write to DIR/SITE.json, and print its path'),
  },
  notes: NOTES,
  exitCodes: { 0: 'written', 2: 'bad input, or the engine does not answer' },
  async run(folder, options) {
    const outside = outsideValues();
    const placeholders = new Set<string>();
    const onPlaceholder = (name: string): void => void placeholders.add(placeholderOf(name));
    const desired = await readDesired(folder, options, { placeholders: true, engine: true, outside, onPlaceholder });
    const actual = await withEngine(desired.site, options.dockerHost, (engine) =>
      engine.observe({ images: imagesIn(desired), adopt: adopting(desired, emptyMemory()) }),
    );
    const at = systemClock.wall().toISOString();
    const observation = observationOf(desired.site, actual, at, { desired, placeholders, hide: outside.hide });
    const json = JSON.stringify(observation, null, 2);
    if (options.dir === undefined) printJson(json);
    else {
      const file = resolve(options.dir, siteFile(desired.site));
      await systemDisk.write(file, `${json}\n`, 0o600);
      print(file);
    }
    return EXIT.ok;
  },
});
