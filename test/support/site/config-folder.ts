import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

/** A config repo as a plain folder. */
export interface ConfigFolder {
  dir: string;
  /** Writes files; null removes one. */
  write(files: Record<string, string | null>): Promise<void>;
  remove(): Promise<void>;
}

export async function configFolder(files: Record<string, string>): Promise<ConfigFolder> {
  const dir = await mkdtemp(join(tmpdir(), 'hf-repo-'));
  const folder: ConfigFolder = {
    dir,
    async write(changes) {
      for (const [path, text] of Object.entries(changes)) {
        await mkdir(dirname(join(dir, path)), { recursive: true });
        if (text === null) await rm(join(dir, path));
        else await writeFile(join(dir, path), text);
      }
    },
    remove: () => rm(dir, { recursive: true, force: true }),
  };
  await folder.write(files);
  return folder;
}
