import * as fs from 'node:fs';
import { join } from 'node:path';

/** A file that is read at places of the caller's choice. */
export interface PackReader {
  readonly size: number;
  /** Fewer bytes at the file's end. */
  read(at: number, length: number): Buffer;
  close(): void;
}

export interface PackWriter {
  write(data: Uint8Array): void;
  /** After it, what was written is there after a power cut. */
  sync(): void;
  close(): void;
}

/**
 * The one folder that Git objects lie in. Its calls wait for the disk: they come a few at a time, except in a process of their own. Errors
 * are Node's.
 */
export interface PackFiles {
  /** For messages. */
  readonly dir: string;
  /** Names, sorted; makes the folder where it is missing. */
  list(): string[];
  /** Bytes; undefined where there is no such file. */
  size(name: string): number | undefined;
  open(name: string): PackReader;
  /** A new file; one of that name is an error. */
  create(name: string): PackWriter;
  rename(from: string, to: string): void;
  /** Gone afterwards, whether or not it was there; a folder with all that is in it. */
  remove(name: string): void;
  /** After it, names that were given and taken are so after a power cut. */
  sync(): void;
}

const MODE = 0o600;

export function systemPackFiles(dir: string): PackFiles {
  return {
    dir,
    list() {
      fs.mkdirSync(dir, { recursive: true });
      return fs.readdirSync(dir).sort();
    },
    size: (name) => fs.statSync(join(dir, name), { throwIfNoEntry: false })?.size,
    open(name) {
      const file = fs.openSync(join(dir, name), 'r');
      const { size } = fs.fstatSync(file);
      return {
        size,
        read(at, length) {
          const wanted = Math.max(0, Math.min(length, size - at));
          const buffer = Buffer.allocUnsafeSlow(wanted);
          let done = 0;
          while (done < wanted) {
            const got = fs.readSync(file, buffer, done, wanted - done, at + done);
            if (got === 0) break;
            done += got;
          }
          return done === wanted ? buffer : buffer.subarray(0, done);
        },
        close: () => fs.closeSync(file),
      };
    },
    create(name) {
      const file = fs.openSync(join(dir, name), 'wx', MODE);
      return {
        write(data) {
          let done = 0;
          while (done < data.length) done += fs.writeSync(file, data, done);
        },
        sync: () => fs.fsyncSync(file),
        close: () => fs.closeSync(file),
      };
    },
    rename: (from, to) => fs.renameSync(join(dir, from), join(dir, to)),
    remove: (name) => fs.rmSync(join(dir, name), { recursive: true, force: true }),
    sync() {
      const folder = fs.openSync(dir, 'r');
      try {
        fs.fsyncSync(folder);
      } finally {
        fs.closeSync(folder);
      }
    },
  };
}

/** All or nothing, also across a power cut. */
export function replaceFile(files: PackFiles, name: string, content: Uint8Array): void {
  const temporary = `${name}${TEMPORARY}`;
  files.remove(temporary);
  const writer = files.create(temporary);
  try {
    writer.write(content);
    writer.sync();
  } finally {
    writer.close();
  }
  files.rename(temporary, name);
  files.sync();
}

/** The ending of a file's name until it is whole; such files are removed at the next start. */
export const TEMPORARY = '.tmp';

/** The content of a file; undefined where there is none. */
export function readWhole(files: PackFiles, name: string): Buffer | undefined {
  if (files.size(name) === undefined) return undefined;
  const reader = files.open(name);
  try {
    return reader.read(0, reader.size);
  } finally {
    reader.close();
  }
}
