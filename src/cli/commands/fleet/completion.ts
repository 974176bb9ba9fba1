import { HoldfastError, InputError } from '../../../lib/errors.ts';
import { didYouMean } from '../../../lib/text/did-you-mean.ts';
import { printable } from '../../../lib/text/printable.ts';
import { type Commands, defineCommand, some } from '../../command.ts';
import { SCRIPTS } from '../../completion/scripts.ts';
import { EXIT } from '../../exit.ts';
import { print } from '../../output/terminal.ts';

const NOTES = `It completes commands and flags, and the names of sites, apps, services and fields in the config repo that is the current folder, or that the words name.
Write one of these into the file that your shell reads first:

    eval "$(holdfast completion bash)"          # ~/.bashrc
    source <(holdfast completion zsh)           # ~/.zshrc, after compinit
    holdfast completion fish | source           # ~/.config/fish/config.fish`;

/** `completion complete -- WORDS` is for the scripts: it prints a candidate for the last word a line, with its help after a tab. */
export const command = defineCommand({
  argument: some('shell', 'bash, zsh or fish'),
  usage: '[options] <bash|zsh|fish>',
  options: {},
  notes: NOTES,
  exitCodes: { 0: 'printed', 2: 'there is no such shell' },
  async run([shell = '', ...words], _, commands) {
    if (shell === 'complete') return answer(words, commands);
    if (!Object.hasOwn(SCRIPTS, shell) || words.length > 0) {
      const known = Object.keys(SCRIPTS);
      const near = didYouMean(shell, known);
      throw InputError.of(
        `there is no completion for ${[shell, ...words].join(' ')}`,
        near === undefined ? `there is one for ${known.join(', ')}` : `did you mean ${near}?`,
      );
    }
    print(SCRIPTS[shell as keyof typeof SCRIPTS].trimEnd().split('\n'));
    return EXIT.ok;
  },
});

async function answer(words: readonly string[], commands: Commands): Promise<number> {
  const { complete } = await import('../../completion/complete.ts');
  try {
    const found = await complete(words, commands);
    // A tab is not printable text: it is the separator that the scripts know.
    if (found === 'files') process.stdout.write(':files\n');
    else
      for (const { word, help } of found)
        process.stdout.write(`${printable(word)}${help === undefined ? '' : `\t${printable(help)}`}\n`);
  } catch (error) {
    // A repo that is wrong has no names to complete, and a message would disturb the line that a person types.
    if (!(error instanceof HoldfastError)) throw error;
  }
  return EXIT.ok;
}
