import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, posix } from 'node:path';
import { openClone } from '../../git/clone/clone.ts';
import { namedCommit } from '../../git/clone/named-commit.ts';
import { isCommitId } from '../../git/refs.ts';
import { InputError } from '../../lib/errors.ts';
import { cloneSource } from '../../source/clone-source.ts';
import { gitSource } from '../../source/git-source.ts';
import type { Source } from '../../source/source.ts';
import { sourceOptionsFrom } from '../settings/source-settings.ts';

export interface Opening {
  revision?: string | undefined;
  /** The config repo's folder. */
  path?: string | undefined;
}

/** A clone or a repo, as a command reads it. The caller closes it. */
export interface OpenedSource {
  source: Source;
  /** Advice for a person whose source lacks a commit; undefined if nothing helps. */
  hint: string | undefined;
  /** The commit that a text names. Throws InputError if it names no commit. */
  commitNamed(text: string): Promise<string>;
  close(): Promise<void>;
}

/**
 * Opens the clone that a folder is in. The path begins at the top of the work tree, or at the folder. Throws InputError if the folder is in no
 * clone.
 */
export async function openFolder(
  folder: string,
  { revision, path }: Opening,
  pathFrom: 'top' | 'folder',
): Promise<OpenedSource> {
  const clone = await openClone(folder);
  const below = pathFrom === 'top' ? path : posix.join(clone.prefix, path ?? '');
  return {
    source: cloneSource(clone, { dir: folder, revision, path: below }),
    hint: 'fetch it, with its tags and its whole history: git fetch --tags',
    async commitNamed(text) {
      const named = await namedCommit(clone, text);
      if (!named) throw InputError.of(`${folder} has no commit ${text}`);
      return named.commit;
    },
    close: async () => clone.close(),
  };
}

/** Opens a Git repo, an artifact or a bundle file by its URL. Fetched objects are kept until it is closed. */
export async function openRepo(url: string, { revision, path }: Opening): Promise<OpenedSource> {
  const dir = await mkdtemp(join(tmpdir(), 'holdfast-'));
  const remove = (): Promise<void> => rm(dir, { recursive: true, force: true });
  try {
    const source = gitSource({
      url,
      dir,
      ...(await sourceOptionsFrom(process.env)),
      revision,
      path,
    });
    return {
      source,
      hint: undefined,
      async commitNamed(text) {
        if (isCommitId(text)) return text;
        throw InputError.of(`with --repo, a commit is named by its full ID, and ${text} is none`);
      },
      async close() {
        source.close();
        await remove();
      },
    };
  } catch (error) {
    await remove();
    throw error;
  }
}
