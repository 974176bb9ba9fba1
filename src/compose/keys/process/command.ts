import { describe } from '../../../yaml/node.ts';
import { type Decoder, list, text } from '../decode.ts';
import { splitWords } from './shellwords.ts';

/** Reads `command` and `entrypoint`: a list, or a string that is split into words. A null means the image's own. */
export const command: Decoder<string[]> = (node, report) => {
  if (node.kind === 'sequence') return list(text)(node, report);
  if (node.kind === 'scalar' && node.value === null) return undefined;
  if (node.kind !== 'scalar' || typeof node.value !== 'string') {
    return report.error(node, `a string or a list of strings is expected here, not ${describe(node)}`);
  }
  const split = splitWords(node.value);
  if ('words' in split) return split.words;
  return report.error(
    node,
    `this command cannot be split into words: ${split.problem}`,
    'write it as a list, or as ["sh", "-c", "..."] to run it in a shell',
  );
};
