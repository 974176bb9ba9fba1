import { createHash } from 'node:crypto';
import { type PackFiles, readWhole, replaceFile } from './pack-files.ts';

/**
 * A small file of lines beside the packs: `NAME VERSION` first, a checksum of all before it last. Such files are caches. One that is absent, damaged or
 * of another version has no lines: more is fetched than would be needed, and nothing else is lost.
 */
export function readLines(files: PackFiles, name: string, version: number): string[] {
  const text = readWhole(files, name)?.toString('utf8') ?? '';
  const [sum, ...lines] = text.trimEnd().split('\n').reverse();
  const [first, ...rest] = lines.reverse();
  return first === `${name} ${version}` && sum === checksum([first, ...rest]) ? rest : [];
}

/** Writes nothing when the lines are as they were. */
export function writeLines(files: PackFiles, name: string, version: number, lines: readonly string[]): void {
  const all = [`${name} ${version}`, ...lines];
  const content = Buffer.from(`${[...all, checksum(all)].join('\n')}\n`);
  if (readWhole(files, name)?.equals(content)) return;
  replaceFile(files, name, content);
}

const checksum = (lines: readonly string[]): string =>
  createHash('sha256')
    .update(lines.map((line) => `${line}\n`).join(''))
    .digest('hex');
