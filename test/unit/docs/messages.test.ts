import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';

// docs/troubleshooting.md quotes the program's messages, so that people find them by searching. A message that changes must change there, too.
test('the troubleshooting page quotes only messages that the program has', async () => {
  const files = (await readdir('src', { recursive: true })).filter((file) => file.endsWith('.ts'));
  const source = (await Promise.all(files.map((file) => readFile(join('src', file), 'utf8')))).join('\n');
  const page = await readFile('docs/troubleshooting.md', 'utf8');
  const rows = page.split('\n').filter((line) => line.startsWith('| `'));
  const quoted = rows.flatMap(
    (row) =>
      row
        .split('|')[1]
        ?.trim()
        .match(/^`([^`]+)`$/)?.[1] ?? [],
  );
  expect(quoted.length).toBeGreaterThan(12);
  expect(quoted.filter((text) => !source.includes(text))).toEqual([]);
});
