import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { splitWords } from '../../../src/compose/keys/process/command.ts';
import { SERVICE_KEYS } from '../../../src/compose/keys/service-keys.ts';
import { textsOf } from '../../../src/compose/load/values/decrypted-variables.ts';
import { parseDotenv } from '../../../src/compose/load/values/dotenv.ts';
import { substitute } from '../../../src/compose/load/values/template.ts';
import { InputError } from '../../../src/lib/errors.ts';
import { toPlain } from '../../../src/yaml/node.ts';
import { parseYaml } from '../../../src/yaml/parse.ts';
import { compile, serviceText, specOf } from '../../unit/compose/support.ts';

/** Runs it and allows for nothing but the one error that is for people. */
async function onlyInputErrors(run: () => unknown): Promise<void> {
  try {
    await run();
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    expect(error.problems.length).toBeGreaterThan(0);
    for (const problem of error.problems) expect(problem.message).not.toBe('');
  }
}

const name = fc.stringMatching(/^[A-Za-z_][A-Za-z0-9_]{0,8}$/);
/** Anything a file may hold between quotes. */
const value = fc.string({ unit: 'grapheme' }).filter((text) => !text.includes('\0'));

/** Text that is likely to mean something to YAML and Compose. */
const fragments = fc
  .array(
    fc.oneof(
      fc.constantFrom(
        'services:',
        's:',
        'image: x',
        '\n',
        '  ',
        '- ',
        ': ',
        '{',
        '}',
        '[',
        ']',
        '&a ',
        '*a',
        '<<: ',
        '!reset ',
        '|',
        '>',
        '"',
        "'",
      ),
      fc.constantFrom(
        '${A}',
        '$',
        '${',
        ':-',
        '}',
        '0440',
        '1_000',
        '~',
        'null',
        '#',
        ',',
        '?',
        '!!str ',
        '---\n',
        '\t',
        '%',
        '@',
        '`',
        '\r\n',
      ),
      fc.constantFrom(...Object.keys(SERVICE_KEYS)),
      fc.string({ maxLength: 5 }),
    ),
    { maxLength: 40 },
  )
  .map((parts) => parts.join(''));

const json: fc.Arbitrary<unknown> = fc.letrec((tie) => ({
  node: fc.oneof(
    { depthSize: 'small' },
    fc.constantFrom<unknown>(
      null,
      true,
      'x',
      '',
      0,
      -1,
      1.5,
      80,
      '80:80',
      '/a:/b',
      '1g',
      '5s',
      'a=b',
      'service:s',
      '$A',
      '${A',
      'all',
    ),
    fc.string(),
    fc.double({ noNaN: true }),
    fc.array(tie('node'), { maxLength: 4 }),
    fc.dictionary(
      fc.oneof(
        fc.constantFrom(
          'source',
          'target',
          'type',
          'test',
          'file',
          'name',
          'external',
          '__proto__',
          'constructor',
          'x-a',
        ),
        fc.string(),
      ),
      tie('node'),
      { maxKeys: 4 },
    ),
  ),
})).node;

describe('the loader', () => {
  test('meets any text with a document or an InputError', async () => {
    await fc.assert(
      fc.asyncProperty(fc.oneof(fragments, fc.string(), fc.string({ unit: 'binary' })), async (text) => {
        await onlyInputErrors(() => parseYaml(text, 'f.yaml'));
        await onlyInputErrors(() => compile(text));
      }),
      { numRuns: 1500 },
    );
  });

  test('meets any value of any key with a spec or an InputError', async () => {
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...Object.keys(SERVICE_KEYS)), json, async (key, any) => {
        await onlyInputErrors(() => compile(serviceText(`${key}: ${JSON.stringify(any)}`)));
      }),
      { numRuns: 3000 },
    );
  });

  test('meets any top level with an app or an InputError', async () => {
    const keys = fc.constantFrom(
      'services',
      'networks',
      'volumes',
      'configs',
      'secrets',
      'name',
      'version',
      'include',
      'x-y',
    );
    await fc.assert(
      fc.asyncProperty(fc.dictionary(keys, fc.oneof(json, fc.dictionary(name, json, { maxKeys: 3 }))), async (top) => {
        await onlyInputErrors(() => compile(JSON.stringify(top)));
      }),
      { numRuns: 1500 },
    );
  });

  test('reads JSON as JSON', () => {
    fc.assert(
      fc.property(fc.json({ noUnicodeString: false, maxDepth: 5 }), (text) => {
        // YAML has no lone surrogates and no tab or line break of its own in a key; JSON.stringify escapes what matters.
        const node = parseYaml(text, 'f.json');
        expect(node === undefined ? null : toPlain(node)).toEqual(normal(JSON.parse(text)));
      }),
    );
  });
});

/** -0 is an integer to Go, which has only one zero. */
function normal(any: unknown): unknown {
  if (Object.is(any, -0)) return 0;
  if (Array.isArray(any)) return any.map(normal);
  if (typeof any !== 'object' || any === null) return any;
  return Object.fromEntries(Object.entries(any).map(([key, each]) => [key, normal(each)]));
}

describe('interpolation', () => {
  test('a text with its dollars doubled comes back as it was', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        expect(substitute(text.replaceAll('$', '$$$$'), () => undefined).text).toBe(text);
      }),
    );
  });

  test('a value is put in as it is, whatever is in it', () => {
    fc.assert(
      fc.property(name, fc.string(), (variable, text) => {
        const lookup = (asked: string) => (asked === variable ? { text } : undefined);
        expect(substitute(`<\${${variable}}|$${variable}>`, lookup).text).toBe(`<${text}|${text}>`);
      }),
    );
  });

  test('a default is used exactly where there is no value', () => {
    fc.assert(
      fc.property(name, fc.option(fc.constantFrom('', 'x')), (variable, known) => {
        const lookup = () => (known === null ? undefined : { text: known });
        expect(substitute(`\${${variable}:-d}`, lookup).text).toBe(known || 'd');
        expect(substitute(`\${${variable}-d}`, lookup).text).toBe(known ?? 'd');
        expect(substitute(`\${${variable}:+a}`, lookup).text).toBe(known ? 'a' : '');
        expect(substitute(`\${${variable}+a}`, lookup).text).toBe(known === null ? '' : 'a');
      }),
    );
  });
});

describe('forms that mean the same', () => {
  const record = fc.dictionary(
    name,
    value.map((text) => text.replaceAll('$', '')),
    { maxKeys: 5 },
  );

  test('a mapping and a list of NAME=value', async () => {
    await fc.assert(
      fc.asyncProperty(
        record,
        fc.constantFrom('environment', 'labels', 'annotations', 'sysctls'),
        async (entries, key) => {
          const asList = Object.entries(entries).map(([each, text]) => `${each}=${text}`);
          const one = await specOf(`${key}: ${JSON.stringify(entries)}`);
          const other = await specOf(`${key}: ${JSON.stringify(asList)}`);
          expect(one).toEqual(other);
        },
      ),
    );
  });

  test('a command as a list and as a quoted string', () => {
    fc.assert(
      fc.property(fc.array(fc.string()), (words) => {
        const line = words.map((word) => `'${word.replaceAll("'", `'"'"'`)}'`).join(' ');
        expect(splitWords(line)).toEqual({ words });
      }),
    );
  });

  test('a .env in single quotes and the values themselves', () => {
    const plain = value.filter((text) => !/['\\]/.test(text));
    fc.assert(
      fc.property(fc.dictionary(name, plain, { maxKeys: 5 }), (entries) => {
        const text = Object.entries(entries)
          .map(([key, each]) => `${key}='${each}'`)
          .join('\n');
        expect(Object.fromEntries(textsOf(parseDotenv(text, '.env', () => undefined)))).toEqual({ ...entries });
      }),
    );
  });

  test('compiling twice gives the same', async () => {
    await fc.assert(
      fc.asyncProperty(record, async (entries) => {
        const text = serviceText(`environment: ${JSON.stringify(entries)}`);
        expect(await compile(text)).toEqual(await compile(text));
      }),
      { numRuns: 20 },
    );
  });
});
