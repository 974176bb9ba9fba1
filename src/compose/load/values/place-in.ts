import type { Position } from '../../../lib/errors.ts';

/** The position of the line of an environment file, or of a flat YAML or JSON file, that sets a variable; of several, the last. */
export function placeIn({ file, text }: { file: string; text: string }, name: string): Position {
  const isNamed = (line: string): boolean => {
    const key = line
      .trim()
      .replace(/^export\s+/, '')
      .replace(/^["']/, '');
    return key.split(/["'\s=:]/, 1)[0] === name;
  };
  return { file, line: Math.max(text.split('\n').findLastIndex(isNamed), 0) + 1, column: 1 };
}
