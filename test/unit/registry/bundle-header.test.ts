import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { SourceError } from '../../../src/lib/errors.ts';
import { openBundle, parseBundleHeader } from '../../../src/registry/bundle/bundle-header.ts';

const A = 'a'.repeat(40);
const B = 'b'.repeat(40);
const parse = (text: string) => parseBundleHeader(Buffer.from(text));

async function* chunks(bytes: Uint8Array, size: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

test('a header is read to its end, of both versions', () => {
  const body = `-${A} a comment\n-${B}\n${B} refs/heads/main\n${B} HEAD\n\n`;
  const header = {
    prerequisites: [A, B],
    refs: [
      { name: 'refs/heads/main', oid: B },
      { name: 'HEAD', oid: B },
    ],
  };
  for (const start of ['# v2 git bundle\n', '# v3 git bundle\n', '# v3 git bundle\n@object-format=sha1\n'])
    expect(parse(`${start}${body}PACK`)).toEqual({ header, length: start.length + body.length });
});

test.each(['', '#', '# v2 git', '# v2 git bundle\n', `# v2 git bundle\n${A} HEAD\n`])('%j goes on', (text) => {
  expect(parse(text)).toBeUndefined();
});

test.each([
  ['<html>', 'does not begin as one'],
  ['# v4 git bundle\n', 'its version is unknown'],
  ['# v2 git bundle\n\n', 'names no branch or tag'],
  [`# v2 git bundle\n@object-format=sha1\n`, 'is none'],
  [`# v3 git bundle\n@object-format=sha256\n`, 'other object names than SHA-1'],
  [`# v3 git bundle\n@filter=blob:none\n`, 'files were left out of it'],
  [`# v3 git bundle\n@unheard-of\n`, 'needs something that is unknown'],
  [`# v2 git bundle\n${A} HEAD\n-${B}\n`, 'is none'],
  [`# v2 git bundle\n${A}\n`, 'is none'],
  [`# v2 git bundle\n${A.toUpperCase()} HEAD\n`, 'is none'],
  [`# v2 git bundle\n${A} refs/heads/../x\n`, 'may have'],
  [`# v2 git bundle\n${A} main\n`, 'may have'],
  [`# v2 git bundle\n${A} HEAD\n${B} HEAD\n`, 'names HEAD twice'],
  [`# v2 git bundle\n${`-${A}\n`.repeat(30_000)}`, 'longer than'],
  ['#'.repeat(100), 'does not begin as one'],
])('%.40j is refused: %s', (text, why) => {
  expect(() => parse(text)).toThrow(SourceError);
  expect(() => parse(text)).toThrow(why);
});

describe('whatever comes', () => {
  const oid = fc.constantFrom(A, B, 'c'.repeat(39), 'x');
  const name = fc.oneof(fc.constantFrom('HEAD', 'refs/heads/main', 'refs/tags/v1', ''), fc.string());
  const line = fc.oneof(
    fc.tuple(oid, name).map(([id, ref]) => `${id} ${ref}`),
    oid.map((id) => `-${id}`),
    fc.constantFrom('', '@object-format=sha1', '# v2 git bundle', '# v3 git bundle', '\r'),
    fc.string({ unit: 'binary' }),
  );
  const text = fc
    .tuple(fc.constantFrom('# v2 git bundle', '# v3 git bundle', ''), fc.array(line))
    .map((all) => all.flat().join('\n'));

  test('only SourceErrors are thrown, and what is read is clean', () => {
    fc.assert(
      fc.property(text, (made) => {
        try {
          const found = parse(made);
          if (!found) return;
          expect(found.header.refs.length).toBeGreaterThan(0);
          for (const ref of found.header.refs) expect(ref.name).toMatch(/^(HEAD|refs\/[^\s]+)$/);
        } catch (error) {
          expect(error).toBeInstanceOf(SourceError);
        }
      }),
    );
  });

  test('the pieces that it comes in make no difference', async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 200 }), fc.integer({ min: 1, max: 50 }), async (pack, size) => {
        const bytes = Buffer.concat([Buffer.from(`# v2 git bundle\n-${A}\n${B} HEAD\n\n`), pack]);
        const opened = await openBundle(chunks(bytes, size));
        expect(opened.header.prerequisites).toEqual([A]);
        const got: Buffer[] = [];
        for await (const chunk of opened.pack) got.push(chunk);
        expect(Buffer.concat(got).equals(Buffer.from(pack))).toBe(true);
      }),
    );
  });

  test('one that breaks off within its header is refused, and what it comes from is left', async () => {
    let left = false;
    async function* stream(): AsyncGenerator<Uint8Array> {
      try {
        yield Buffer.from('# v2 git bundle\n');
        yield Buffer.from('nonsense\n');
      } finally {
        left = true;
      }
    }
    await expect(openBundle(stream())).rejects.toThrow(SourceError);
    expect(left).toBe(true);
    await expect(openBundle(chunks(Buffer.from('# v2'), 1))).rejects.toThrow('breaks off');
  });
});
