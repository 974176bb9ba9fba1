import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { PassThrough } from 'node:stream';
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { confirm } from '../../src/cli/output/confirm.ts';
import { print, printError, printJson } from '../../src/cli/output/terminal.ts';
import { linesOf } from '../../src/cli/output/winston-log.ts';
import { run } from '../../src/cli/program.ts';
import { serverError } from '../../src/git/protocol/pkt-line.ts';
import { InputError } from '../../src/lib/errors.ts';
import { coloured, plain } from '../../src/lib/text/line.ts';
import type { AppPlan, Operation, Plan } from '../../src/model/plan.ts';
import { renderJson, renderSteps } from '../../src/plan/print/render.ts';
import { renderChanges } from '../../src/plan/print/render-changes.ts';
import { captureWritten, forgetWritten, written } from '../support/program/written.ts';

/** Words as an attacker may choose them. */
const hostile = fc
  .array(
    fc.oneof(
      fc.constantFrom(
        '\x1b[2J',
        '\x1b]8;;http://x\x07',
        '\n::error file=a::b',
        '\r\nvalid: 1 site',
        '##[error]x',
        '\u202eevil\u202c',
        '\u2066x\u2069',
        '\u2028',
        '\x9b31m',
        '\x7f',
        '\0',
        '\t',
        'x',
      ),
      fc.string({ maxLength: 4 }),
    ),
    { minLength: 1, maxLength: 5 },
  )
  .map((parts) => parts.join('') || '\n');

/** The characters that a terminal, a log or a CI system obeys; our own colours are removed first. */
const OBEYED = /[^\P{Cc}\n]|[\u2028\u2029\u202a-\u202e\u2066-\u2069]|##\[|^\s*::/mu;
const COLOURS = new RegExp(`${String.fromCharCode(27)}\\[(?:1|2|22|3[123]|39)m`, 'g');
const withoutColours = (text: string): string => text.replaceAll(COLOURS, '');
const linesIn = (text: string): number => text.split('\n').length;

captureWritten();

function planOf(words: string): Plan {
  const container = { name: words, id: words };
  const subject = { kind: 'image' as const, reference: words };
  const base = { after: [1], reason: words, service: words, subject, cause: 'drift' as const };
  const operations: Operation[] = [
    { ...base, id: 1, kind: 'pullImage', image: words, always: false },
    { ...base, id: 2, kind: 'stopContainer', container, withheld: { by: 'prune', text: words } },
    { ...base, id: 3, kind: 'renameContainer', container, name: words, onlyIfFailed: 2 },
    { ...base, id: 4, kind: 'await', container, condition: 'healthy' },
    {
      ...base,
      id: 5,
      subject: { kind: 'slot', app: words, service: words, number: 1 },
      kind: 'updateContainer',
      container,
      changes: {},
      fields: [{ field: words, from: words, to: words }],
    },
  ];
  const at = { file: words, line: 1, column: 1 };
  const app: AppPlan = {
    app: words,
    revision: words,
    operations,
    problems: [{ severity: 'error', message: words, hint: words, service: words, at }],
    adopted: [words],
  };
  return { site: words, revision: words, apps: [app] };
}

describe('nobody’s words are obeyed by a terminal, a log or a CI system, or make lines', () => {
  test('in a plan, as text and as JSON', () => {
    fc.assert(
      fc.property(hostile, (words) => {
        for (const palette of [plain, coloured]) {
          for (const render of [renderSteps, renderChanges]) {
            const lines = render(planOf(words), palette);
            expect(lines).toHaveLength(render(planOf('x'), palette).length);
            forgetWritten();
            print(lines);
            expect(withoutColours(written)).not.toMatch(OBEYED);
            expect(linesIn(written)).toBe(lines.length + 1);
          }
        }
        forgetWritten();
        printJson(renderJson(planOf(words)));
        expect(written).not.toMatch(OBEYED);
        expect(linesIn(written)).toBe(linesIn(renderJson(planOf('x'))) + 1);
        expect(JSON.parse(written)).toEqual(JSON.parse(renderJson(planOf(words))));
      }),
    );
  });

  test('in lines that are printed, in errors of servers and of documents, in questions', async () => {
    await fc.assert(
      fc.asyncProperty(hostile, async (words) => {
        const { message } = InputError.at({ file: words, line: 1, column: 1 }, words, words);
        print(words);
        printError([words, message, serverError(words).message]);
        expect(linesIn(written)).toBe(5);
        const input = Object.assign(new PassThrough(), { isTTY: true });
        input.end();
        const output = new PassThrough();
        await confirm(words, { input, output });
        process.stdout.write(String(output.read() ?? ''));
        expect(written).not.toMatch(OBEYED);
        forgetWritten();
      }),
    );
  });

  test.each(['text', 'json'] as const)('in a log of %s', (format) => {
    const shape = linesOf(format);
    fc.assert(
      fc.property(hostile, (words) => {
        const fields = { message: words, app: words, service: words, revision: words };
        const done = shape.transform({ level: 'error', [Symbol.for('level')]: 'error', ...fields });
        const text = String((done as Record<symbol, unknown>)[Symbol.for('message')]);
        expect(withoutColours(text)).not.toMatch(OBEYED);
        expect(text).not.toContain('\n');
        if (format === 'json') expect(JSON.parse(text)).toMatchObject(fields);
      }),
    );
  });

  test('in what commands say of a repo, whose files are named and filled by others', async () => {
    // These words can be the name of a file.
    const name = hostile
      .map((words) => words.replaceAll(/[\0/]/g, '').slice(0, 40))
      .filter((text) => !/^\.*$/.test(text));
    await fc.assert(
      fc.asyncProperty(hostile, name, fc.constantFrom('apps', 'key', 'value', 'label'), async (words, file, where) => {
        const dir = await mkdtemp(join(tmpdir(), 'hf-printed-'));
        const quoted = JSON.stringify(words);
        const head = 'apiVersion: holdfast/v1\nkind: ';
        const files: Record<string, string> = {
          'fleet.yaml': `${head}Fleet\nspec: {}\n`,
          'sites/one.yaml': `${head}Site\nspec: ${where === 'key' ? `{ ${quoted}: x }` : '{}'}\n`,
          'apps/shop/app.yaml': `${head}Application\nspec: ${where === 'label' ? `{ placement: { site: ${quoted} } }` : '{}'}\n`,
          'apps/shop/compose.yaml': `services: { ${where === 'key' ? quoted : 'web'}: { image: nginx, labels: { a: ${quoted} }, cap_add: [${quoted}], ports: [${quoted}] } }\n`,
          ...(where === 'apps' && { [`apps/${file}/compose.yaml`]: 'services: {}\n' }),
        };
        try {
          for (const [path, text] of Object.entries(files)) {
            await mkdir(dirname(join(dir, path)), { recursive: true });
            await writeFile(join(dir, path), text);
          }
          for (const args of [
            ['validate', dir],
            ['render', dir],
            ['render', dir, '--app', words],
            ['validate', words],
          ]) {
            forgetWritten();
            await run(args);
            expect(written).not.toMatch(OBEYED);
          }
          forgetWritten();
          await run(['validate', dir]);
          for (const text of written.trimEnd().split('\n')) expect(text).toMatch(/^(error|warning|valid): /);
        } finally {
          await rm(dir, { recursive: true, force: true });
        }
      }),
      { numRuns: 60 },
    );
  });
});
