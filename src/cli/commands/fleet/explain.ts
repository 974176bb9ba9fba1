import { outsideValues } from '../../../compose/private-values/outside-values.ts';
import { explainService } from '../../../explain/explain-service.ts';
import { explanationJson, explanationText } from '../../../explain/print.ts';
import { readPlaced } from '../../../explain/read-placed.ts';
import { factsBy } from '../../../fleet/facts/known-site.ts';
import { formatProblem, InputError } from '../../../lib/errors.ts';
import { line } from '../../../lib/text/line.ts';
import { defineCommand, some } from '../../command.ts';
import { EXIT } from '../../exit.ts';
import { desiredOptions, factsOption } from '../../options/desired-options.ts';
import { folder, oneOf } from '../../options/kinds.ts';
import { withDefault } from '../../options/option.ts';
import { errorPalette, palette, print, printError, printJson } from '../../output/terminal.ts';
import { compileOptions, withSnapshot } from '../../repo/desired.ts';
import { knownSites, tellParked } from '../../repo/known-sites.ts';
import { placeAt } from '../../repo/pinned.ts';

const { site: _, ...readOptions } = { ...desiredOptions, ...factsOption };

const NOTES = `FIELD is named as in Compose or as the plan prints it: image, environment.LOG_LEVEL, memory or mem_limit, ports. Without it, all fields are explained.
For a lone Compose file, SITE is default.

Below each value is the file and line that gave it, with the layer: Compose file, overlay, extends, include, env_file, label_file, Fleet defaults. Below a
text with variables is the origin of each variable. \`lost\` is a value that a stronger layer replaced. A value that is not from Git is not shown.

    holdfast explain eu/berlin web web.environment.LOG_LEVEL
    holdfast explain eu/berlin web web -o json`;

export const command = defineCommand({
  argument: some('words', 'the site, the app, and the service with or without a field after a dot'),
  usage: '[options] <site> <app> <service[.field]>',
  options: {
    folder: withDefault(folder, '.', 'the config repo, or a folder with a compose.yaml; uncommitted files count', {
      short: 'f',
    }),
    ...readOptions,
    output: withDefault(oneOf('text', 'json'), 'text', 'the format', { short: 'o' }),
  },
  notes: NOTES,
  exitCodes: { 0: 'explained', 2: 'bad input, or the app has problems; what can be explained is printed' },
  async run([site, app, subject, ...more], options) {
    if (site === undefined || app === undefined || subject === undefined || more.length > 0)
      throw InputError.of(
        'explain takes a site, an app and a service',
        'as `holdfast explain eu/berlin web web.image`',
      );
    const outside = outsideValues();
    const compile = { ...(await compileOptions(options, { placeholders: true })), onOutside: outside.heard };
    const known = knownSites(options.facts);
    const top = options.repo === undefined ? options.folder : undefined;
    return withSnapshot(top, options, async (snapshot, pinned) => {
      const { placed, files } = await placeAt(snapshot, site, pinned, { facts: factsBy(known) });
      const found = await readPlaced(placed, app, snapshot, files);
      const { explanation, problems } = await explainService(found, subject, compile);
      if (options.output === 'json') printJson(explanationJson(explanation, outside.hide));
      else print(explanationText(explanation, palette(), outside.hide));
      await tellParked(known, site, [found.app]);
      for (const problem of problems)
        printError(line`${errorPalette().error('error:')} ${outside.hide(formatProblem(problem))}`);
      return problems.length > 0 ? EXIT.input : EXIT.ok;
    });
  },
});
