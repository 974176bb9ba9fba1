import { readdir, readFile } from 'node:fs/promises';
import { isBuiltin } from 'node:module';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';

/** `import … from 'x'` and `import('x')`, except imports of types alone. */
const IMPORT = /^(?:import(?! type)[^;]*? from |.*\bimport\()'([^'.][^']*)'/gm;

test('the packages that the program imports are the dependencies of package.json, which audits read', async () => {
  const { dependencies } = JSON.parse(await readFile('package.json', 'utf8')) as { dependencies: object };
  const files = (await readdir('src', { recursive: true })).filter((name) => name.endsWith('.ts'));
  const texts = await Promise.all(files.map((name) => readFile(join('src', name), 'utf8')));
  const imported = texts
    .flatMap((text) => [...text.matchAll(IMPORT)].map(([, name = '']) => name))
    .filter((name) => !isBuiltin(name))
    .map((name) => /^(?:@[^/]+\/)?[^/]+/.exec(name)?.[0]);
  expect([...new Set(imported)].sort()).toEqual(Object.keys(dependencies).sort());
});
