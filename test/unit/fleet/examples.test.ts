import { readdir, readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from '@jest/globals';
import { compileSite } from '../../../src/compose/compile-site.ts';
import { listSites, placeSite } from '../../../src/fleet/place-site.ts';
import { folderSnapshot } from '../../../src/source/folder-snapshot.ts';

const examples = fileURLToPath(new URL('../../../examples', import.meta.url));

/** Each site's apps, with their services; every one must compile. */
async function runs(repo: string): Promise<Record<string, Record<string, string[]>>> {
  const snapshot = await folderSnapshot(examples, { path: repo });
  const result: Record<string, Record<string, string[]>> = {};
  for (const site of await listSites(snapshot)) {
    const placed = await placeSite(snapshot, { site });
    const desired = await compileSite(placed, snapshot, { filesDir: '/var/lib/holdfast/apps', placeholders: true });
    expect(desired.broken).toEqual([]);
    expect(desired.apps.flatMap(({ warnings }) => warnings)).toEqual([]);
    result[site] = Object.fromEntries(
      desired.apps.map((app) => [app.name, app.services.map(({ name }) => name).sort()]),
    );
  }
  return result;
}

describe('the example', () => {
  test('single runs one app anywhere', async () => {
    expect(await runs('single')).toEqual({ default: { visits: ['cache', 'web'] } });
  });

  test('three-sites runs on each site what its table says', async () => {
    expect(await runs('three-sites')).toEqual({
      'eu/berlin': { kiosk: ['screen'], telemetry: ['broker', 'clock'], web: ['cache', 'web'] },
      'eu/lyon': { telemetry: ['broker', 'clock'], web: ['web'] },
      'us/austin': { kiosk: ['screen'], web: ['web'] },
    });
  });

  test('fleet places eight apps on sixty sites', async () => {
    const sites = Object.values(await runs('fleet'));
    const count = (app: string): number => sites.filter((apps) => app in apps).length;
    expect(sites).toHaveLength(60);
    expect(['pos', 'signage', 'cache', 'radio', 'telemetry', 'clock', 'tax', 'camera'].map(count)).toEqual([
      40, 40, 40, 20, 60, 60, 20, 10,
    ]);
  });

  test('showcase-edge gives hardware to the sites that have it', async () => {
    expect(await runs('showcase-edge')).toEqual({
      bench: { home: ['mosquitto'], metrics: ['node-exporter'], nvr: ['frigate'] },
      van: { home: ['mosquitto'], metrics: ['node-exporter'], nvr: ['frigate'] },
      warehouse: { home: ['mosquitto', 'zigbee2mqtt'], metrics: ['node-exporter'], nvr: ['frigate'] },
    });
  });
});

test('each document of an example names the schema of its kind to editors, in its first line', async () => {
  const names = (await readdir(examples, { recursive: true })).filter((name) => name.endsWith('.yaml'));
  let count = 0;
  for (const name of names) {
    const text = await readFile(join(examples, name), 'utf8');
    const kind = name === 'agent/etc/agent.yaml' ? 'agent' : /^kind: (.*)$/m.exec(text)?.[1];
    if (kind === undefined) continue;
    const path = /^# yaml-language-server: \$schema=(.*)\n/.exec(text)?.[1] ?? `${name} names none`;
    const schema: unknown = JSON.parse(await readFile(join(examples, dirname(name), path), 'utf8'));
    expect(schema).toMatchObject({ $id: `urn:holdfast:v1:${kind.toLowerCase()}` });
    count++;
  }
  expect(count).toBeGreaterThan(10);
});
