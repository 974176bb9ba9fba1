import { describe } from '../../../yaml/node.ts';
import { type Decoder, list, text } from '../decode.ts';

/** Reads `command` and `entrypoint`: a list, or a string that is split into words. A null means the image's own. */
export const command: Decoder<string[]> = (node, report) => {
  if (node.kind === 'sequence') return list(text)(node, report);
  if (node.kind === 'scalar' && node.value === null) return undefined;
  if (node.kind !== 'scalar' || typeof node.value !== 'string') {
    return report.error(node, `a string or a list of strings is expected here, not ${describe(node)}`);
  }
  const split = splitWords(node.value);
  if ('words' in split) return split.words;
  const hint = 'write it as a list, or as ["sh", "-c", "..."] to run it in a shell';
  return report.error(node, `this command cannot be split into words: ${split.problem}`, hint);
};

/**
 * Splits a command as Docker Compose does: quotes group, a backslash escapes, nothing is expanded. Gives an explanation for
 * text that Compose refuses, and for text that it silently cuts off: an unquoted `;`, `&`, `|`, `<` or `>` ends the command there.
 */
export function splitWords(line: string): { words: string[] } | { problem: string } {
  const words: string[] = [];
  let word = '';
  let begun = false;
  let quote = '';
  for (let i = 0; i < line.length; i++) {
    const char = line[i] as string;
    if (char === '\\' && quote !== "'") {
      if (i + 1 >= line.length) return { problem: 'it ends with a backslash' };
      i++;
      word += line[i];
      begun = true;
    } else if (quote) {
      if (char === quote) quote = '';
      else word += char;
      begun = true;
    } else if (char === '"' || char === "'") {
      quote = char;
    } else if (' \t\r\n'.includes(char)) {
      if (begun) words.push(word);
      [word, begun] = ['', false];
    } else if (';&|<>'.includes(char)) {
      return { problem: `no shell runs it, and Docker Compose would cut it off at the unquoted ${char}` };
    } else if ('`()'.includes(char)) {
      return { problem: `no shell runs it, so the unquoted ${char} does nothing` };
    } else {
      word += char;
      begun = true;
    }
  }
  if (quote) return { problem: `the quote ${quote} is never closed` };
  if (begun) words.push(word);
  return { words };
}
