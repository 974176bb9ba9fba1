import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { repoDir } from '../../../../scripts/engine.ts';
import { openCodeCache } from '../../../../src/cli/start/code-cache.ts';

const TEXT = Buffer.from('(function(){})');
const CODE = Buffer.from('code that V8 compiled: three hundred bytes here, a million real '.repeat(5));

let home: string;
let folder: string;
const open = (command = 'diff', text = TEXT) => openCodeCache(text, command, { XDG_CACHE_HOME: home });
const keep = (command = 'diff', code = CODE): void => open(command)?.keep(() => code);
const files = (): string[] => readdirSync(folder);
const onlyFile = (): string => join(folder, files()[0] ?? '');

beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'holdfast-cache-'));
  folder = join(home, 'holdfast');
});

afterEach(() => rmSync(home, { recursive: true, force: true }));

describe('compiled code that is kept for the next run', () => {
  test('is given back to the same program and command, and to no other', () => {
    expect(open()?.code).toBeUndefined();
    keep();
    expect(open()?.code).toEqual(CODE);
    expect(open('apply')?.code).toBeUndefined();
    // V8 compares the length of a program alone.
    expect(open('diff', Buffer.from('(function(){}}'))?.code).toBeUndefined();
  });

  test('lies in a folder and a file that only its user may open', () => {
    keep();
    expect(statSync(folder).mode & 0o777).toBe(0o700);
    expect(statSync(onlyFile()).mode & 0o777).toBe(0o600);
    expect(files()).toHaveLength(1);
  });

  test('is replaced as a whole', () => {
    keep();
    const before = statSync(onlyFile()).ino;
    keep('diff', Buffer.from('newer'));
    expect(open()?.code).toEqual(Buffer.from('newer'));
    expect(statSync(onlyFile()).ino).not.toBe(before);
  });

  test('is neither read nor written where it is switched off', () => {
    keep();
    for (const value of ['off', '0'])
      expect(openCodeCache(TEXT, 'diff', { XDG_CACHE_HOME: home, HOLDFAST_CODE_CACHE: value })).toBeUndefined();
  });

  test('lies below the home folder where XDG_CACHE_HOME says nothing, or no absolute path', () => {
    openCodeCache(TEXT, 'diff', { HOME: home, XDG_CACHE_HOME: 'relative' })?.keep(() => CODE);
    expect(readdirSync(join(home, '.cache', 'holdfast'))).toHaveLength(1);
    expect(openCodeCache(TEXT, 'diff', {})).toBeUndefined();
  });

  test('is not kept for more than sixteen commands and versions, and the oldest goes', () => {
    for (let i = 0; i < 20; i++) {
      keep(`command${i}`);
      for (const name of files()) {
        const at = statSync(join(folder, name)).mtimeMs / 1000 - 60;
        utimesSync(join(folder, name), at, at);
      }
    }
    expect(files()).toHaveLength(16);
    expect(open('command3')?.code).toBeUndefined();
    expect(open('command19')?.code).toEqual(CODE);
  });

  test('does not gather what writers left that were killed', () => {
    keep();
    const torn = join(folder, '0123456789abcdef.tmp');
    writeFileSync(torn, 'half');
    utimesSync(torn, 0, 0);
    keep('apply');
    expect(files().filter((name) => name.endsWith('.tmp'))).toEqual([]);
  });
});

describe('compiled code is ignored', () => {
  test('when any byte of it, or of its checksum, is another one', () => {
    keep();
    const path = onlyFile();
    const good = readFileSync(path);
    for (let at = 0; at < good.length; at++) {
      const bad = Buffer.from(good);
      bad[at] = (bad[at] ?? 0) ^ 0x10;
      writeFileSync(path, bad);
      expect(open()?.code).toBeUndefined();
    }
    writeFileSync(path, good);
    expect(open()?.code).toEqual(CODE);
  });

  test.each([0, 1, 31, 32, 33, 100])('when a power cut left %d bytes of it', (length) => {
    keep();
    truncateSync(onlyFile(), length);
    expect(open()?.code).toBeUndefined();
  });

  test("when it is another command's under this one's name", () => {
    keep('apply', Buffer.from('other'));
    const other = onlyFile();
    keep();
    const own = files().find((name) => join(folder, name) !== other) ?? '';
    renameSync(other, join(folder, own));
    expect(open()?.code).toBeUndefined();
  });

  test.each(['640', '604', '620', '602'])('when others may read or write the file (%s)', (mode) => {
    keep();
    chmodSync(onlyFile(), Number.parseInt(mode, 8));
    expect(open()?.code).toBeUndefined();
  });

  test.each(['750', '705', '720', '702', '777'])('when others may look or write into the folder (%s)', (mode) => {
    keep();
    chmodSync(folder, Number.parseInt(mode, 8));
    expect(open()?.code).toBeUndefined();
    keep('apply');
    expect(files()).toHaveLength(1);
  });

  test.each(['777', '1777'])('when the folder lies in a shared one, as /tmp is (%s)', (mode) => {
    keep();
    chmodSync(home, Number.parseInt(mode, 8));
    expect(open()?.code).toBeUndefined();
    keep('apply');
    expect(files()).toHaveLength(1);
  });

  (process.geteuid?.() === 0 ? test : test.skip)(
    'when the file, the folder or the one above it is another user’s',
    () => {
      keep();
      const paths = [onlyFile(), folder, home];
      for (const path of paths) {
        chownSync(path, 12345, 12345);
        expect(open()?.code).toBeUndefined();
        chownSync(path, 0, 0);
      }
      expect(open()?.code).toEqual(CODE);
      chownSync(folder, 12345, 12345);
      keep('apply');
      expect(files()).toHaveLength(1);
    },
  );

  test('when the folder or the file is a link', () => {
    keep();
    const file = onlyFile();
    const aside = join(home, 'aside');
    renameSync(file, aside);
    symlinkSync(aside, file);
    expect(open()?.code).toBeUndefined();
    rmSync(file);
    renameSync(aside, file);
    renameSync(folder, aside);
    symlinkSync(aside, folder);
    expect(open()?.code).toBeUndefined();
    keep('apply');
    expect(readdirSync(aside)).toHaveLength(1);
  });

  test('when a pipe or a folder lies in its place; no call waits for it', () => {
    keep();
    const file = onlyFile();
    rmSync(file);
    execFileSync('mkfifo', ['-m', '600', file]);
    expect(open()?.code).toBeUndefined();
    rmSync(file);
    mkdirSync(file, 0o700);
    expect(open()?.code).toBeUndefined();
    expect(() => keep()).not.toThrow();
    expect(lstatSync(file).isDirectory()).toBe(true);
    expect(files()).toHaveLength(1);
  });
});

describe('nothing fails', () => {
  test.each(['/proc/none', '/dev/null', '/dev/null/below'])('where no folder can be made: %s', (place) => {
    const cache = openCodeCache(TEXT, 'diff', { XDG_CACHE_HOME: place });
    expect(cache?.code).toBeUndefined();
    expect(() => cache?.keep(() => CODE)).not.toThrow();
  });

  test('where the home does not exist, and it is not made', () => {
    const cache = openCodeCache(TEXT, 'diff', { XDG_CACHE_HOME: join(home, 'no', 'home', '.cache') });
    cache?.keep(() => CODE);
    expect(readdirSync(home)).toEqual([]);
  });

  test('when V8 gives no code', () => {
    const cache = open();
    const refuse = (): Buffer => {
      throw new Error('out of memory');
    };
    expect(() => cache?.keep(refuse)).not.toThrow();
  });

  test('when the disk is full in the middle of the file, and nothing of it stays', () => {
    keep();
    // A limit on the size of files, as a disk that is full: the file can be made, and the write fails.
    const script = `
      import { openCodeCache } from ${JSON.stringify(join(repoDir, 'src', 'cli', 'start', 'code-cache.ts'))};
      openCodeCache(Buffer.from('other'), 'diff').keep(() => Buffer.alloc(1 << 20));
      process.stdout.write('still here');`;
    const args = ['-c', 'ulimit -f 64; exec "$0" --input-type=module -e "$1"', process.execPath, script];
    expect(execFileSync('sh', args, { env: { XDG_CACHE_HOME: home }, encoding: 'utf8' })).toBe('still here');
    expect(files()).toHaveLength(1);
    expect(open()?.code).toEqual(CODE);
  });
});
