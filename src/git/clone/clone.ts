import { InputError, SourceError } from '../../lib/errors.ts';
import { type ObjectType, tagTarget } from '../objects/git-object.ts';
import type { CloneStorage } from './clone-storage.ts';
import { isomorphicClone } from './isomorphic-clone.ts';
import { cloneLayout } from './layout.ts';
import { programClone } from './program-clone.ts';

/** A clone of a repo on this machine. */
export interface Clone extends CloneStorage {
  gitDir: string;
  /** The opened folder's path below the top of the work tree. */
  prefix: string;
  /** An object of a type. Throws SourceError `notFound` where it is not here. */
  read(oid: string, type: ObjectType): Promise<Buffer>;
  /** The commit that an object stands for, through annotated tags; undefined for a file or a folder, or where it is not here. */
  commitOf(oid: string): Promise<string | undefined>;
}

/**
 * Opens the clone that a folder is in. An ordinary one is read with isomorphic-git, so that no program is needed. For others isomorphic-git gives
 * no answer and no error, so those are read with the `git` program. Throws InputError where there is no clone, or no program for it.
 */
export async function openClone(dir: string, environment: NodeJS.ProcessEnv = process.env): Promise<Clone> {
  const layout = await cloneLayout(dir, environment);
  if (!layout) throw InputError.of(`${dir} is no clone of a Git repo`);
  const { gitDir, prefix, obstacle } = layout;
  const storage = obstacle === undefined ? await isomorphicClone(gitDir) : await programClone(dir, obstacle);
  return cloneIn(storage, gitDir, prefix);
}

/** A clone on top of its storage. */
export function cloneIn(storage: CloneStorage, gitDir: string, prefix: string): Clone {
  const commitOf = async (oid: string): Promise<string | undefined> => {
    let at: string | undefined = oid;
    for (let depth = 0; at !== undefined && depth < DEEPEST; depth++) {
      const found = await storage.find(at);
      if (found?.type === 'commit') return at;
      at = found?.type === 'tag' ? tagTarget(found.content) : undefined;
    }
    return undefined;
  };
  return {
    ...storage,
    gitDir,
    prefix,
    commitOf,
    async read(oid, type) {
      const found = await storage.find(oid);
      if (found?.type === type) return found.content;
      throw new SourceError('notFound', `this clone has no ${type} ${oid}`);
    },
    async refs(prefixes) {
      const refs = await storage.refs(prefixes);
      return Promise.all(
        refs.map(async ({ name, oid }) => {
          const peeled = name.startsWith('refs/tags/') ? await commitOf(oid) : undefined;
          return { name, oid, peeled: peeled === oid ? undefined : peeled };
        }),
      );
    },
  };
}

/** The most tags of tags that are followed. */
const DEEPEST = 10;
