import { describe, expect, test } from '@jest/globals';
import { parseTree } from '../../../src/git/objects/git-tree.ts';
import { SourceError } from '../../../src/lib/errors.ts';

const OID = Buffer.alloc(20, 1);
const raw = (name: string | Buffer, mode = '100644'): Buffer =>
  Buffer.concat([Buffer.from(`${mode} `), Buffer.from(name), Buffer.from([0]), OID]);

function refusal(content: Buffer): string {
  try {
    parseTree(content, 'apps/web');
  } catch (error) {
    if (error instanceof SourceError) return `${error.kind}: ${error.message}`;
    throw error;
  }
  return 'taken';
}

describe('a folder of a commit', () => {
  test.each([
    ['..', 'contains `..`'],
    ['.', 'contains `.`'],
    ['', 'empty'],
    ['/etc/passwd', 'slash'],
    ['a/../../b', 'slash'],
    ['.git', '`.git`'],
    ['.GiT', '`.git`'],
    ['git~1', '`.git`'],
    ['GIT~1', '`.git`'],
    ['.git ', '`.git`'],
    ['.git...', '`.git`'],
    ['.git. . ', '`.git`'],
    ['.git::$INDEX_ALLOCATION', '`.git`'],
    ['.g\u200cit', '`.git`'],
    ['\ufeff.git', '`.git`'],
    ['.gi\u202et', '`.git`'],
    ['.ｇｉｔ', '`.git`'],
    ['.git\\config', '`.git`'],
    ['..\\..\\etc', 'backslash'],
    ['x'.repeat(4096), 'longer than 255 bytes'],
    ['ä'.repeat(128), 'longer than 255 bytes'],
  ])('is refused where it holds %j', (name, words) => {
    const said = refusal(Buffer.concat([raw('fine'), raw(name)]));
    expect(said).toMatch(/^path: The commit has ".*" in apps\/web, which no folder may hold: /);
    expect(said).toContain(words);
    // Nothing in it can rewrite a terminal's line or fill a screen.
    expect(said).toMatch(/^[\x20-\x7e…]*$/);
    expect(said.length).toBeLessThan(700);
  });

  test('is refused where a name is no text, or is there twice', () => {
    expect(refusal(raw(Buffer.from([0x61, 0xff, 0x62])))).toMatch(/^path: .*not in UTF-8/);
    expect(refusal(Buffer.concat([raw('same'), raw('same', '40000')]))).toMatch(/^path: .*there twice/);
  });

  test('is refused where its names are out of order, as Git orders them', () => {
    expect(refusal(Buffer.concat([raw('b'), raw('a')]))).toMatch(/^path: .*"a" in apps\/web.*out of order/);
    expect(refusal(Buffer.concat([raw('a', '40000'), raw('a.b')]))).toMatch(/^path: .*"a.b".*out of order/);
    expect(refusal(Buffer.concat([raw('a.b'), raw('a', '40000'), raw('a0')]))).toBe('taken');
  });

  test.each(['0777', '777', '', '-100644', '100644x', '0x81a4', '1006449', '200644', ' 100644', '60000', '0100644777'])(
    'is refused where it has the mode %j',
    (mode) => {
      expect(refusal(raw('a', mode))).toMatch(/^path: .* is not a readable Git tree/);
    },
  );

  test('may hold files, programs, folders, links and submodules', () => {
    const modes = ['100644', '100755', '100664', '40000', '040000', '120000', '160000'];
    const entries = modes.map((mode, index) => raw(`${index}`, mode));
    const kinds = [...parseTree(Buffer.concat(entries), '').values()].map(({ kind, executable }) => [kind, executable]);
    expect(kinds).toEqual([
      ['file', false],
      ['file', true],
      ['file', false],
      ['dir', false],
      ['dir', false],
      ['symlink', false],
      ['submodule', false],
    ]);
  });

  test('is refused where a NUL in a name makes it another tree', () => {
    expect(refusal(Buffer.concat([Buffer.from('100644 a\0b\0'), OID]))).not.toBe('taken');
  });

  test('may hold what only looks unusual', () => {
    for (const name of [
      '.gitignore',
      '.github',
      'git',
      'a:b',
      'dev-disk\\x2did.swap',
      'straße',
      '文件',
      '...',
      'a..b',
      ' a',
    ]) {
      expect(refusal(raw(name))).toBe('taken');
    }
  });
});
