import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { messageOf, SourceError } from '../../lib/errors.ts';
import type { Shelf } from './shelf.ts';

/** A Git bundle in a file, which is taken for another one when its size or time is. Its pack's own checksum proves it. */
export function fileShelf(path: string): Shelf {
  const look = async (): Promise<{ version: string; size: number }> => {
    const found = await stat(path, { bigint: true }).catch((error: unknown) => unreadable(path, error));
    if (!found.isFile())
      throw new SourceError('notFound', `${path} is no file: a path that ends in .bundle is that of a Git bundle`);
    return { version: `${path} ${found.ino} ${found.size} ${found.mtimeNs}`, size: Number(found.size) };
  };
  return {
    name: path,
    version: async () => (await look()).version,
    layers: async () => {
      const { version, size } = await look();
      return [{ digest: version, size, replaces: [] }];
    },
    async *open() {
      try {
        yield* createReadStream(path);
      } catch (error) {
        unreadable(path, error);
      }
    },
    close() {},
  };
}

function unreadable(path: string, error: unknown): never {
  if (error instanceof SourceError) throw error;
  const isAbsent = (error as NodeJS.ErrnoException).code === 'ENOENT';
  throw new SourceError(
    isAbsent ? 'notFound' : 'unreachable',
    isAbsent ? `There is no Git bundle ${path}` : `The Git bundle ${path} cannot be read: ${messageOf(error)}`,
    { cause: error },
  );
}
