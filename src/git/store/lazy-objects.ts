import { SourceError } from '../../lib/errors.ts';
import type { ObjectType } from '../objects/git-object.ts';
import type { ObjectStore } from './object-store.ts';

/** Objects that are fetched when they are first read; those that are asked for at the same time, in one request. */
export interface LazyObjects {
  /** Raw content. Throws SourceError. */
  read(oid: string, type: ObjectType): Promise<Buffer>;
}

export function lazyObjects(store: ObjectStore, fetch: (oids: string[]) => Promise<void>): LazyObjects {
  let wanted = new Map<string, Promise<void>>();
  let next: Promise<void> | undefined;

  const flush = async (): Promise<void> => {
    // A caller that reads several objects at once has asked for all of them by then.
    await new Promise((resolve) => setImmediate(resolve));
    const oids = [...wanted.keys()];
    wanted = new Map();
    next = undefined;
    await fetch(oids);
  };
  const want = (oid: string): Promise<void> => {
    next ??= flush();
    wanted.set(oid, next);
    return next;
  };

  return {
    async read(oid, type) {
      if (!(await store.find(oid))) await want(oid);
      const found = await store.find(oid);
      if (found?.type === type) return found.content;
      throw found
        ? new SourceError('protocol', `Git object ${oid} is a ${found.type} and not a ${type}`)
        : new SourceError('notFound', `Git object ${oid}, which the commit holds, does not come`);
    },
  };
}
