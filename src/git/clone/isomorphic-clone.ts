import * as fs from 'node:fs';
import { join } from 'node:path';
import { messageOf, SourceError } from '../../lib/errors.ts';
import { type GitObject, objectId } from '../objects/git-object.ts';
import { isCommitId, isRefName } from '../refs.ts';
import type { CloneStorage } from './clone-storage.ts';

/** An ordinary clone: loose objects, packs, and refs in files. */
export async function isomorphicClone(gitdir: string): Promise<CloneStorage> {
  const git = await import('isomorphic-git');
  // Indexes and packs, which would be parsed again for each object.
  const cache = {};
  const at = { fs, gitdir };

  const resolve = (ref: string): Promise<string | undefined> => unlessAbsent(() => git.resolveRef({ ...at, ref }));

  return {
    async refs(prefixes) {
      const names = (await git.listRefs({ ...at, filepath: 'refs' })).map((name) => `refs/${name}`);
      const wanted = names.filter((name) => isRefName(name) && prefixes.some((prefix) => name.startsWith(prefix)));
      const refs = await Promise.all(wanted.map(async (name) => ({ name, oid: (await resolve(name)) ?? '' })));
      return refs.filter(({ oid }) => isCommitId(oid));
    },
    branch: async () => (await git.currentBranch({ ...at, fullname: true })) ?? undefined,
    head: () => resolve('HEAD'),

    isShallow: async () => fs.existsSync(join(gitdir, 'shallow')),
    async find(oid) {
      const found = await unlessAbsent(() => git.readObject({ ...at, cache, oid, format: 'content' }));
      if (!found) return undefined;
      const { type, object: bytes } = found as { type: GitObject['type']; object: Uint8Array };
      const object = { type, content: Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength) };
      if (objectId(object) === oid) return object;
      throw new SourceError('protocol', `${gitdir} is damaged: object ${oid} has other bytes than its name says`);
    },
    expand: (oid) => unlessAbsent(() => git.expandOid({ ...at, cache, oid })),

    async storeTag(object, ref) {
      const value = await git.writeObject({ ...at, type: 'tag', format: 'content', object });
      await git.writeRef({ ...at, ref, value, force: true });
      return value;
    },
    close: () => {},
  };

  async function unlessAbsent<T>(read: () => Promise<T>): Promise<T | undefined> {
    try {
      return await read();
    } catch (error) {
      const { code } = error as { code?: string };
      if (code === git.Errors.NotFoundError.code || code === git.Errors.AmbiguousError.code) return undefined;
      throw new SourceError('protocol', `${gitdir} cannot be read: ${messageOf(error)}`, { cause: error });
    }
  }
}
