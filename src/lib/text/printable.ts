/**
 * Characters that a terminal or a log does not show but obeys: C0 and C1 controls, the separators of lines and paragraphs, and those that turn the
 * direction of text. Also the `#` of `##[command]` and `##vso[command]`, which CI systems obey anywhere in a line.
 */
const OBEYED = /[\p{Cc}\u2028\u2029\u202a-\u202e\u2066-\u2069]|(?<=#)#(?=(?:vso)?\[)/gu;

const SHORT: ReadonlyMap<string, string> = new Map([
  ['\n', '\\n'],
  ['\r', '\\r'],
  ['\t', '\\t'],
]);

/** Somebody's words as one line that is safe to print: what would be obeyed is shown, as `\x1b`. Printing it twice changes nothing. */
export const printable = (text: string): string =>
  text.replace(OBEYED, (char) => {
    const code = char.charCodeAt(0).toString(16);
    return SHORT.get(char) ?? (code.length > 2 ? `\\u${code.padStart(4, '0')}` : `\\x${code.padStart(2, '0')}`);
  });

/** The longest piece of a server's answer that is shown. */
const LONGEST = 300;

/** The same of a text that has no end of its own, such as a server's answer: its beginning, with a blank for each gap between words. */
export const excerpt = (text: string): string =>
  printable(
    text
      .slice(0, 4 * LONGEST)
      .replaceAll(/\s+/g, ' ')
      .trim(),
  ).slice(0, LONGEST);

/** JSON that means the same and is safe to print. Line breaks between its parts stay. */
export const printableJson = (json: string): string =>
  json.replace(OBEYED, (char) => (char === '\n' ? char : `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`));
