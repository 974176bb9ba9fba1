import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { writeLines } from '../../../src/git/pack/lines-file.ts';
import { systemPackFiles } from '../../../src/git/pack/pack-files.ts';
import { type Head, readHeads, withHead, writeHeads } from '../../../src/git/store/heads.ts';

const head = (digit: number, pinned = false): Head => ({
  oid: String(digit).repeat(40),
  whole: digit % 2 === 0,
  ...(pinned && { pinned: true }),
});

test('the two newest are kept, and what is pinned beside them until something else is', () => {
  let heads: Head[] = [];
  for (const next of [head(1), head(2, true), head(3), head(4), head(5)]) heads = withHead(heads, next);
  expect(heads).toEqual([head(5), head(4), head(2, true)]);
  expect(withHead(heads, head(6, true))).toEqual([head(5), head(4), head(6, true)]);
});

test('a commit is followed or pinned, and not both', () => {
  expect(withHead([head(2), head(1)], head(1, true))).toEqual([head(2), head(1, true)]);
  expect(withHead([head(2), head(1, true)], head(1))).toEqual([head(1), head(2)]);
});

test('they are read as they were written', async () => {
  const dir = await mkdtemp(join(tmpdir(), 'hf-heads-'));
  try {
    const files = systemPackFiles(dir);
    const heads = [head(2), head(1), head(4, true)];
    writeHeads(files, heads);
    expect(readHeads(files)).toEqual(heads);
    writeHeads(files, []);
    expect(readHeads(files)).toEqual([]);
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
});

test('a damaged file, and one of another version, says nothing: it is a cache', async () => {
  const dir = await mkdtemp(join(tmpdir(), 'hf-heads-'));
  try {
    const files = systemPackFiles(dir);
    writeHeads(files, [head(2)]);
    const text = await readFile(join(dir, 'heads'), 'utf8');
    expect(text).toMatch(/^heads 1\n/);
    await writeFile(join(dir, 'heads'), text.replace('2', '3'));
    expect(readHeads(files)).toEqual([]);
    writeLines(files, 'heads', 2, [`${'2'.repeat(40)} whole`]);
    expect(readHeads(files)).toEqual([]);
    writeHeads(files, [head(4)]);
    expect(readHeads(files)).toEqual([head(4)]);
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
});
