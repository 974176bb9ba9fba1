import { describe, expect, test } from '@jest/globals';
import { createFleetCompiler } from '../../../src/compose/compile-fleet.ts';
import { type CompileOne, compileOne } from '../../../src/compose/compile-site.ts';
import { openFleet } from '../../../src/fleet/open-fleet.ts';
import type { Snapshot } from '../../../src/model/snapshot.ts';
import { largeFleet } from '../../support/site/large-fleet.ts';
import { memorySnapshot } from '../../support/values/memory-snapshot.ts';

/** Compiles whole fleets with one compiler, and tells the apps that were compiled for each. */
async function compiledFor(...revisions: Map<string, string>[]): Promise<string[][]> {
  let compiled: string[] = [];
  const counting: CompileOne = (app, ...rest) => {
    compiled.push(app.name);
    return compileOne(app, ...rest);
  };
  const compile = createFleetCompiler({ filesDir: '/files', placeholders: true }, counting);
  const all: string[][] = [];
  for (const files of revisions) {
    compiled = [];
    const snapshot: Snapshot = memorySnapshot(Object.fromEntries(files));
    const fleet = await openFleet(snapshot);
    for (const site of await fleet.names()) {
      const { placed, files } = await fleet.place(site);
      await compile(placed, files);
    }
    all.push(compiled);
  }
  return all;
}

describe('an app of a fleet is compiled once for all sites that give it the same inputs', () => {
  const times = (names: string[], app: string): number => names.filter((name) => name === app).length;

  test('and again only where a value that it reads, or an overlay, is another', async () => {
    const [names = []] = await compiledFor(largeFleet({ sites: 40, apps: 12 }));
    expect(times(names, 'app-00')).toBe(1);
    // One overlay for some sites.
    expect(times(names, 'app-05')).toBe(2);
    // The site's own name.
    expect(times(names, 'app-07')).toBe(40);
    // One of four regions.
    expect(times(names, 'app-09')).toBe(4);
    expect(names).toHaveLength(9 + 2 + 40 + 4);
  });

  test('and for another revision only where its files or settings are others', async () => {
    const one = largeFleet({ sites: 40, apps: 12 });
    const two = largeFleet({ sites: 40, apps: 12, version: '1.1' });
    const three = new Map([...two, ['apps/app-01/app.conf', 'level = debug\n']]);
    const four = new Map([
      ...three,
      ['fleet.yaml', (three.get('fleet.yaml') ?? '').replace('"prune": true', '"prune": false')],
    ]);
    const [first = [], ...rest] = await compiledFor(one, two, three, four, one);
    expect(rest).toEqual([['app-00'], ['app-01'], first, []]);
  });
});
