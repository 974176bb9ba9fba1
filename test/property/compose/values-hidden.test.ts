import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { compileSite } from '../../../src/compose/compile-site.ts';
import { FILE_KEYS, NETWORK_KEYS, TOP_KEYS, VOLUME_KEYS } from '../../../src/compose/keys/resources.ts';
import { SERVICE_KEYS } from '../../../src/compose/keys/service-keys.ts';
import { formatProblem } from '../../../src/lib/errors.ts';
import type { PlacedSite } from '../../../src/model/fleet.ts';
import { memorySnapshot, placedApp } from '../../unit/compose/support.ts';

/** Every key below a table of keys, as paths. */
function paths(keys: object, above: string[]): string[][] {
  return Object.entries(keys).flatMap(([key, rule]) => {
    const path = [...above, key];
    const below = typeof rule === 'function' ? rule.shape : undefined;
    return [path, ...(below ? paths(below, path) : [])];
  });
}

const PATHS = [
  ...Object.keys(TOP_KEYS).map((key) => [key]),
  ['include'],
  ['include', 'path'],
  ['services', 's', 'extends', 'file'],
  ['services', 's', 'extends', 'service'],
  ...paths(SERVICE_KEYS, ['services', 's']),
  ...paths(NETWORK_KEYS, ['networks', 'n']),
  ...paths(VOLUME_KEYS, ['volumes', 'v']),
  ...paths(FILE_KEYS, ['configs', 'c']),
  ...paths(FILE_KEYS, ['secrets', 'c']),
];

const templates = fc.constantFrom(
  '${TOKEN}',
  '$TOKEN',
  '${TOKEN}:/x',
  './${TOKEN}:/x',
  '/${TOKEN}:/x',
  '/x:${TOKEN}',
  '/x:/y:${TOKEN}',
  '${TOKEN}/y',
  '${TOKEN}:80',
  '80:80/${TOKEN}',
  'a=${TOKEN}',
  '${TOKEN}=a',
  '${TOKEN} ',
  'service:${TOKEN}',
  'container:${TOKEN}',
  '"${TOKEN}',
  "'${TOKEN}",
  '${TOKEN}m',
  'seccomp=${TOKEN}.json',
  '${X:?${TOKEN}}',
  '${X-${TOKEN}}',
  '${TOKEN:?}',
);
const forms = fc.constantFrom(
  (value: unknown) => value,
  (value: unknown) => [value],
  (value: unknown) => [value, value],
  (value: unknown) => ({ key: value }),
  (value: unknown) => [{ source: value, target: value, type: 'bind' }],
  (value: unknown) => [{ source: value, target: '/x', type: 'volume' }],
  (value: unknown) => ({ s: { condition: value } }),
  (value: unknown) => ({ driver: value, options: { a: value } }),
);
const word = fc.string({
  unit: fc.constantFrom(...'abcdefghijklmnopqrstuvwxyz0123456789'),
  minLength: 7,
  maxLength: 12,
});
const secrets = fc.oneof(
  word.map((each) => `q${each}`),
  fc.tuple(word, word).map(([a, b]) => `q${a}:/q${b}`),
  fc
    .tuple(word, fc.constantFrom('"', '\\', "'", ' ', '\n', '}', '$', '=', '(', '.*', 'é', '\t'), word)
    .map(([a, b, c]) => `Q${a}${b}Q${c}`),
);
const entry = fc.tuple(fc.constantFrom(...PATHS), templates, forms);

/** Everything that is said of an app's file, and of a second app of the same file. */
async function said(compose: object, TOKEN: string): Promise<string[]> {
  const files = { 'compose.yaml': JSON.stringify(compose), '.env': 'DERIVED=x${TOKEN}y\n' };
  const placed: PlacedSite = {
    site: 'shop',
    revision: 'abc',
    apps: ['a', 'b'].map((name) => placedApp({ name })),
    broken: [],
    vanished: 'prune',
    allowEmpty: false,
    pruneThreshold: 50,
    confirmPrune: false,
  } as unknown as PlacedSite;
  const options = { filesDir: '/files', localValues: { TOKEN } };
  const { apps, broken } = await compileSite(placed, memorySnapshot(files), options);
  return [...apps.flatMap(({ warnings = [] }) => warnings), ...broken.flatMap(({ problems }) => problems)].map(
    formatProblem,
  );
}

describe('a value of the site’s own file', () => {
  test('is in no message about a Compose file, wherever the file uses it', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(entry, { minLength: 1, maxLength: 4 }), secrets, async (entries, secret) => {
        const compose: Record<string, unknown> = { services: { s: { image: 'busybox' } } };
        for (const [path, template, form] of entries) {
          let here = compose;
          for (const key of path.slice(0, -1)) {
            if (typeof here[key] !== 'object' || Array.isArray(here[key])) here[key] = {};
            here = here[key] as Record<string, unknown>;
          }
          here[path.at(-1) ?? ''] = form(template);
        }
        const messages = (await said(compose, secret)).join('\n').toLowerCase();
        for (const form of [secret, JSON.stringify(secret).slice(1, -1)]) {
          expect(messages).not.toContain(form.toLowerCase());
        }
      }),
      { numRuns: 1500 },
    );
  });
});
