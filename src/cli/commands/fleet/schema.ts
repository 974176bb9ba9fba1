import { type Kind, SCHEMAS } from '../../../fleet/schema/schemas.ts';
import { InputError } from '../../../lib/errors.ts';
import { didYouMean } from '../../../lib/text/did-you-mean.ts';
import { line } from '../../../lib/text/line.ts';
import { defineCommand, one } from '../../command.ts';
import { EXIT } from '../../exit.ts';
import { palette, print, printJson } from '../../output/terminal.ts';

const NOTES = `An editor with a YAML language server completes and checks a document whose first line names its schema:

    holdfast schema Fleet > .schemas/fleet.schema.json
    # yaml-language-server: $schema=.schemas/fleet.schema.json

\`holdfast init\` does both. The path begins at the document's folder. The same files are in the package, below schemas/.`;

export const command = defineCommand({
  argument: one(
    'kind',
    'Fleet, Site, Application, Trust, Policy, Observation, Facts or agent (default: list the kinds)',
  ),
  options: {},
  notes: NOTES,
  exitCodes: { 0: 'printed', 2: 'there is no such kind' },
  run(word) {
    const kinds = Object.keys(SCHEMAS) as Kind[];
    if (word === undefined) {
      print(kinds.map((kind) => line`${palette().bold(kind.padEnd(12))} ${SCHEMAS[kind].description}`));
      return EXIT.ok;
    }
    const kind = kinds.find((each) => each.toLowerCase() === word.toLowerCase());
    if (kind === undefined) {
      const near = didYouMean(word, kinds);
      throw InputError.of(
        `there is no kind ${word}`,
        near === undefined ? `there are ${kinds.join(', ')}` : `did you mean ${near}?`,
      );
    }
    printJson(JSON.stringify(SCHEMAS[kind], null, 2));
    return EXIT.ok;
  },
});
