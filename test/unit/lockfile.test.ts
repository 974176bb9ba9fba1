import { readFile } from 'node:fs/promises';
import { expect, test } from '@jest/globals';

/** On any machine, `npm ci` refuses a lock file that lacks a package which another of its packages names, even an optional one. */
test('the lock file holds each package that another one names, for every platform', async () => {
  const { packages } = JSON.parse(await readFile('package-lock.json', 'utf8')) as {
    packages: Record<string, { dependencies?: object; optionalDependencies?: object; integrity?: string }>;
  };
  const missing = Object.entries(packages).flatMap(([path, { dependencies, optionalDependencies }]) =>
    Object.keys({ ...dependencies, ...optionalDependencies }).filter((name) => {
      const parts = path.split('/node_modules/');
      const places = parts.map(
        (_, index) => `${parts.slice(0, index + 1).join('/node_modules/')}/node_modules/${name}`,
      );
      return ![`node_modules/${name}`, ...places].some((place) => place in packages);
    }),
  );
  expect(missing).toEqual([]);
  expect(Object.entries(packages).filter(([path, { integrity }]) => path !== '' && !integrity)).toEqual([]);
});
