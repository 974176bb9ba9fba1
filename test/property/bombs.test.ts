import { describe, expect, jest, test } from '@jest/globals';
import fc from 'fast-check';
import { parseDotenv } from '../../src/compose/load/values/dotenv.ts';
import { substitute, TemplateError } from '../../src/compose/load/values/template.ts';
import { InputError } from '../../src/lib/errors.ts';
import { compile, type Extras } from '../unit/compose/support.ts';

// Far more than any of it takes, on a machine that is busy; without the limits it would be hours.
jest.setTimeout(60_000);

const MEGABYTE = 1024 * 1024;
const fill = (piece: string, size = MEGABYTE * 0.49): string => piece.repeat(Math.floor(size / piece.length));
const lines = (count: number, line: (index: number) => string): string =>
  Array.from({ length: count }, (_, index) => `${line(index)}\n`).join('');

/** Ends as an app or as an InputError; that it ends soon, the runner's limit says. */
async function ends(text: string, extras: Extras = {}): Promise<'app' | string> {
  try {
    await compile(text, extras);
    return 'app';
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    return error.problems[0]?.message ?? '';
  }
}

describe('YAML that asks for more than its size', () => {
  test.each<[name: string, text: string]>([
    [
      'aliases of aliases',
      `a: &a [x]\n${lines(60, (i) => `a${i}: &a${i} [${`*a${i === 0 ? '' : i - 1},`.repeat(9)}]`)}`,
    ],
    ['many aliases of a long text', `x-a: &a ${fill('y', MEGABYTE / 2)}\nx-b: [${fill('*a, ', MEGABYTE / 3)}]`],
    ['merge keys of merge keys', `x-a: &a {${lines(3000, (i) => `k${i}: 1,`)}}\nx-b: {<<: [${'*a,'.repeat(3000)}]}`],
    ['lists in lists', fill('[')],
    ['mappings in mappings', fill('{a: ')],
    ['indentation that never ends', lines(1300, (i) => `${' '.repeat(i)}a:`)],
    ['dashes in a row', fill('- ')],
    ['a key as long as the file', `${fill('k')}: 1`],
    ['keys that nothing knows', `services:\n  s:\n    image: x\n${lines(20_000, (i) => `    imgae${i}: 1`)}`],
    ['anchors without end', lines(40_000, (i) => `x-${i}: &a${i} 1`)],
    ['question marks', fill('? ')],
    ['quotes never closed', `a: "${fill("'\\\\")}`],
    ['a block that is all spaces', `a: |\n${fill(' \n')}`],
    ['documents without end', fill('---\n')],
  ])('%s', async (_name, text) => {
    expect(await ends(text)).not.toBe('app');
  });

  test('a file of 100 MB is not even looked at', async () => {
    expect(await ends('x'.repeat(100 * MEGABYTE))).toContain('compose.yaml is larger than 32 MiB');
  });
});

describe('variables that ask for more than their size', () => {
  const pieces = [
    '${A:-',
    '${A}',
    '$A',
    '${A:-{',
    '${A:-{}}',
    '${A:?',
    '${',
    '$',
    '{',
    '}',
    '${A+',
    '$$',
    '\n',
    '${A:-}\n',
  ];

  test.each(pieces)('%j over and over', (piece) => {
    for (const tail of ['', '}', fill('}', MEGABYTE / 2), '\n']) {
      try {
        substitute(fill(piece, MEGABYTE / 2) + tail, () => ({ text: '' }));
      } catch (error) {
        expect(error).toBeInstanceOf(TemplateError);
      }
    }
  });

  test('long values many times', async () => {
    const app = { values: { A: 'x'.repeat(MEGABYTE / 2) } };
    expect(await ends(`x-a: 1\nservices: {s: {image: "${fill('$A')}"}}`, { app })).toBe(
      'the text is too long after interpolation',
    );
    const keys = lines(5000, (i) => `      V${i}: $A`);
    expect(await ends(`services:\n  s:\n    image: x\n    environment:\n${keys}`, { app })).toContain('nodes');
  });

  test('a .env that doubles with every line', async () => {
    const text = `A0=xxxxxxxx\n${lines(60, (i) => `A${i + 1}=$A${i}$A${i}`)}`;
    expect(await ends('services: {s: {image: x}}', { files: { '.env': text } })).toContain('too long');
  });

  test.each(['#\n', ' \n', 'A\n', 'A=1\n', 'A="', "A='\\'", 'export ', 'A=$A\n', '\\', 'A=" #'])(
    'a .env of %j',
    (piece) => {
      try {
        parseDotenv(fill(piece), '.env', () => undefined);
      } catch (error) {
        expect(error).toBeInstanceOf(InputError);
      }
    },
  );

  test('any mixture of pieces', () => {
    const piece = fc.constantFrom(...pieces, 'A', 'x', ':-', '\r', '\u2028');
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 60 }), fc.nat(200), (parts, times) => {
        try {
          substitute(parts.join('').repeat(times), (name) => (name === 'A' ? { text: 'v' } : undefined));
        } catch (error) {
          expect(error).toBeInstanceOf(TemplateError);
        }
      }),
      { numRuns: 500 },
    );
  });
});

describe('files that ask for more than their size', () => {
  test('a long chain of extends', async () => {
    const text = `services:\n  s0: {image: x}\n${lines(3000, (i) => `  s${i + 1}: {extends: s${i}}`)}`;
    expect(typeof (await ends(text))).toBe('string');
  });

  test('thousands that extend a large one', async () => {
    const large = `  base:\n    image: x\n    environment:\n${lines(9_000, (i) => `      - V${i}=1`)}`;
    const text = `services:\n${large}${lines(1000, (i) => `  s${i}: {extends: base, environment: [A=1]}`)}`;
    expect(await ends(text)).toContain('nodes');
  });

  test('files that extend from each other without end', async () => {
    const files = Object.fromEntries(
      Array.from({ length: 800 }, (_, i) => [
        `f${i}.yaml`,
        `services: {s: {extends: {file: f${i + 1}.yaml, service: s}}}`,
      ]),
    );
    const text = 'services: {s: {extends: {file: f0.yaml, service: s}}}';
    expect(await ends(text, { files })).toContain('more than 500 Compose files');
  });
});

describe('settings that ask for more than their size', () => {
  test.each<[name: string, keys: string]>([
    ['every port there is', 'ports: ["1-65535:1-65535"]'],
    ['every port there is, many times', `ports: [${'"1-65535", '.repeat(2000)}]`],
    ['every port exposed', `expose: [${'"1-65535", '.repeat(2000)}]`],
    ['more replicas than a machine has room for', 'scale: 1000000000'],
    ['replicas of a deploy', 'deploy: {replicas: 1000000000}'],
    ['a command of a megabyte', `command: '${fill('a " b\\')}'`],
    ['thousands of volumes', `volumes: [${lines(20_000, (i) => `"/v${i}",`)}]`],
    ['thousands of hosts', `extra_hosts: [${lines(20_000, (i) => `"h${i}=1.1.1.1",`)}]`],
  ])('%s', async (_name, keys) => {
    expect(typeof (await ends(`services: {s: {image: x, ${keys}}}`))).toBe('string');
  });

  test('thousands of services that depend on each other', async () => {
    const text = `services:\n${lines(2000, (i) => `  s${i}: {image: x, depends_on: [${i > 0 ? `s${i - 1}` : ''}${i > 1 ? `, s${i - 2}` : ''}]}`)}`;
    expect(await ends(text)).toBe('app');
  });
});
