import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { compileSite } from '../../../src/compose/compile-site.ts';
import { formatProblem } from '../../../src/lib/errors.ts';
import type { PlacedSite } from '../../../src/model/fleet.ts';
import { memorySnapshot, placedApp } from '../../unit/compose/support.ts';
import { composeOf, usesOfToken } from './uses-of-token.ts';

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
      fc.asyncProperty(usesOfToken, secrets, async (entries, secret) => {
        const compose = composeOf(entries);
        const messages = (await said(compose, secret)).join('\n').toLowerCase();
        for (const form of [secret, JSON.stringify(secret).slice(1, -1)]) {
          expect(messages).not.toContain(form.toLowerCase());
        }
      }),
      { numRuns: 1500 },
    );
  });
});
