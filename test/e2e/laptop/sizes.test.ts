import { expect, jest, test } from '@jest/globals';
import { git } from '../../support/git/clones.ts';
import { startRegistry } from '../../support/net/registry.ts';
import { IMAGE, IMAGE_2 } from '../../support/site/chaos-site.ts';

import { atLaptop, fleet, host, laptop, run } from './laptop.ts';

jest.setTimeout(120_000);

const { uniqueApp, folderWith } = laptop();

atLaptop('diff --fleet --sizes', () => {
  test('the bytes to pull are asked from the registries, and an image without an answer is told', async () => {
    const registry = await startRegistry();
    const app = uniqueApp();
    try {
      const [old, next] = [
        await registry.push(host, IMAGE, `${app}/stay:1`),
        await registry.push(host, IMAGE_2, `${app}/stay:2`),
      ];
      const compose = (image: string, other: string): string =>
        `services: { web: { image: "${image}" }, other: { image: "${other}" } }\n`;
      const folder = await folderWith(fleet(app, { [app]: compose(old, old) }));
      git(folder.dir, 'init', '-q');
      git(folder.dir, 'add', '-A');
      git(folder.dir, 'commit', '-qm', 'Begin');
      const path = `apps/${app}/compose.yaml`;
      const diff = async (...more: string[]) => run(folder, 'diff', '--fleet', '--sizes', ...more);

      await folder.write({ [path]: compose(next, old) });
      expect((await diff()).stdout).toMatch(/^ {2}to pull: [\d.]+ (B|KiB|MiB) on linux\/amd64$/m);
      const json = JSON.parse((await diff('-o', 'json')).stdout);
      expect(json.unknownSizes).toEqual([]);
      const [{ costs }] = json.groups;
      expect(costs).toMatchObject({ images: [next], imagesBefore: [old] });
      expect(json.totals.bytes).toEqual(costs.bytes);

      await folder.write({ [path]: compose(next, `${registry.address}/none:1`) });
      const { code, stdout } = await diff();
      expect(code).toBe(1);
      expect(stdout).toMatch(new RegExp(`^size not known: ${registry.address}/none:1: `, 'm'));
    } finally {
      await registry.remove();
    }
  });
});
