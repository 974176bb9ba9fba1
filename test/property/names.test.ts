import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { compileSite } from '../../src/compose/compile-site.ts';
import { placeSite } from '../../src/fleet/place-site.ts';
import { emptyMemory } from '../../src/model/memory.ts';
import { agentOptions } from '../../src/plan/facts/policy.ts';
import { plan } from '../../src/plan/plan.ts';
import { renderSteps } from '../../src/plan/print/render.ts';
import { actualOf, bare, settled } from '../support/site/site-builder.ts';
import { memorySnapshot } from '../unit/compose/support.ts';

// Every JavaScript object has these names. Nothing that people name may be looked up among them.
const NAMES = [
  'constructor',
  'toString',
  'valueOf',
  'hasOwnProperty',
  '__proto__',
  'isPrototypeOf',
  '__defineGetter__',
];
const name = fc.constantFrom(...NAMES);
const lower = fc.constantFrom('constructor', '__proto__', 'valueof', 'web');

interface Names {
  app: string;
  service: string;
  container: string;
  network: string;
  volume: string;
  config: string;
  key: string;
}

const names: fc.Arbitrary<Names> = fc.record({
  app: lower,
  service: name,
  container: name.filter((each) => !each.startsWith('_')),
  network: name,
  volume: name,
  config: name,
  key: name,
});

const compose = ({ service, container, network, volume, config, key }: Names): string => `services:
  "${service}":
    image: nginx:1
    container_name: "${container}"
    environment: { "${key}": "x\${${key}:-}" }
    labels: { "${key}": x }
    sysctls: { "${key}": "1" }
    networks: { "${network}": { aliases: ["${key}"] } }
    volumes: ["${volume}:/data"]
    configs: [{ source: "${config}" }]
    extra_hosts: { "${key}": 10.0.0.1 }
    x-${key}: 1
networks: { "${network}": {} }
volumes: { "${volume}": {} }
configs: { "${config}": { content: x } }
`;

const repo = (of: Names): Record<string, string> => ({
  'fleet.yaml': `apiVersion: holdfast/v1\nkind: Fleet\nspec: { values: { "${of.key}": x } }\n`,
  'sites/one.yaml': `apiVersion: holdfast/v1\nkind: Site\nmetadata: { labels: { "${of.key}": x } }\nspec: { values: { "${of.key}": y } }\n`,
  [`apps/${of.app}/app.yaml`]:
    'apiVersion: holdfast/v1\nkind: Application\nspec: { syncPolicy: { automated: { prune: true, selfHeal: true } } }\n',
  [`apps/${of.app}/compose.yaml`]: compose(of),
  'apps/other/app.yaml': 'apiVersion: holdfast/v1\nkind: Application\nspec: {}\n',
  'apps/other/compose.yaml': 'services: { web: { image: nginx } }\n',
});

test('names that every JavaScript object has are names like any other', async () => {
  await fc.assert(
    fc.asyncProperty(names, async (of) => {
      const snapshot = memorySnapshot(repo(of));
      const placed = await placeSite(snapshot, {});
      const desired = await compileSite(placed, snapshot, { filesDir: '/files' });
      const problems = desired.broken.flatMap((each) => each.problems.map(({ message }) => `${each.name}: ${message}`));
      // Compose takes no name that begins with a line for an app; everything else is taken.
      expect(of.app.startsWith('_') ? [] : problems).toEqual([]);
      const made = plan(desired, bare(desired), emptyMemory(), 0, agentOptions);
      expect(renderSteps(made).map(({ sent }) => sent)).toContainEqual(expect.stringContaining('other-web-1'));
      if (!of.app.startsWith('_')) {
        const app = made.apps.find((each) => each.app === of.app);
        expect(app?.problems).toEqual([]);
        const created = app?.operations.flatMap((each) => (each.kind === 'createContainer' ? [each] : []));
        expect(created?.map((each) => each.name)).toEqual([of.container]);
        expect(Object.keys(created?.[0]?.spec.Networks ?? {})).toEqual([`${of.app}_${of.network}`]);
        expect(Object.entries(created?.[0]?.spec.Env ?? {})).toEqual([[of.key, 'xy']]);
        // Once all is made as Git says, nothing is left to do.
        const again = plan(desired, actualOf(desired), settled(desired), 0, agentOptions);
        expect(again.apps.flatMap(({ operations }) => operations.map(({ kind }) => kind))).toEqual([]);
      }
    }),
    { numRuns: 150 },
  );
});
