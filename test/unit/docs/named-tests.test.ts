import { access, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';

test('each test that a page names is there', async () => {
  const pages = (await readdir('docs')).filter((name) => name.endsWith('.md'));
  const named = (await Promise.all(pages.map((page) => readFile(join('docs', page), 'utf8')))).flatMap(
    (text) => text.match(/(?<![\w/-])test\/[a-z0-9/.-]*[a-z0-9]/g) ?? [],
  );
  const missing: string[] = [];
  for (const path of new Set(named)) {
    const exists = (at: string): Promise<boolean> =>
      access(at).then(
        () => true,
        () => false,
      );
    if (!(await exists(path)) && !(await exists(`${path}.test.ts`))) missing.push(path);
  }
  expect(new Set(named).size).toBeGreaterThan(15);
  expect(missing).toEqual([]);
});
