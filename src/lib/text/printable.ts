/**
 * Characters that a terminal or a log obeys instead of showing: C0 and C1 controls, separators of lines and paragraphs, and characters that
 * change the direction of text. Also the `#` of `##[command]` and `##vso[command]`, which CI systems obey anywhere in a line.
 */
const OBEYED = /[\p{Cc}\u2028\u2029\u202a-\u202e\u2066-\u2069]|(?<=#)#(?=(?:vso)?\[)/gu;

const SHORT: ReadonlyMap<string, string> = new Map([
  ['\n', '\\n'],
  ['\r', '\\r'],
  ['\t', '\\t'],
]);

/** Text from outside as one line that is safe to print. Control characters are shown, as `\x1b`. Applying it twice changes nothing. */
export const printable = (text: string): string =>
  text.replace(OBEYED, (char) => {
    const code = char.charCodeAt(0).toString(16);
    return SHORT.get(char) ?? (code.length > 2 ? `\\u${code.padStart(4, '0')}` : `\\x${code.padStart(2, '0')}`);
  });

/** The number of characters of a server's answer that are shown. */
const LONGEST = 300;

/** The beginning of a text that may be endless, such as a server's answer: safe to print, with one blank between words. */
export const excerpt = (text: string): string =>
  printable(
    text
      .slice(0, 4 * LONGEST)
      .replaceAll(/\s+/g, ' ')
      .trim(),
  ).slice(0, LONGEST);

/** Equal JSON that is safe to print. It keeps line breaks between values. */
export const printableJson = (json: string): string =>
  json.replace(OBEYED, (char) => (char === '\n' ? char : `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`));
