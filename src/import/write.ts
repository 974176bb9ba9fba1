import { join, posix } from 'node:path';
import type { Disk } from '../lib/disk.ts';
import { InputError } from '../lib/errors.ts';
import type { SourceFile } from '../model/snapshot.ts';

/**
 * Writes files below a folder, and gives the paths that were written. If a file has another content already, it writes none, unless `force` is given. Throws
 * InputError that names those files, or a path that leads out of the folder: such names come from files of other people.
 */
export async function writeNew(
  disk: Disk,
  root: string,
  files: Record<string, SourceFile>,
  force: boolean,
): Promise<string[]> {
  const outside = Object.keys(files).find(
    (path) => posix.isAbsolute(path) || posix.normalize(path).split('/')[0] === '..',
  );
  if (outside !== undefined)
    throw InputError.of(`${JSON.stringify(outside)} leads out of ${root}`, 'nothing was written');
  const changed: string[] = [];
  const inTheWay: string[] = [];
  for (const [path, { content }] of Object.entries(files)) {
    const found = await disk.read(join(root, path));
    if (found && Buffer.compare(found, content) === 0) continue;
    changed.push(path);
    if (found) inTheWay.push(path);
  }
  if (inTheWay.length > 0 && !force) {
    throw new InputError(
      inTheWay.map((path) => ({
        message: `${path} is there already, and differs`,
        hint: '--force overwrites it, --into names another folder',
      })),
    );
  }
  for (const path of changed) {
    const file = files[path] as SourceFile;
    await disk.write(join(root, path), file.content, file.executable ? 0o755 : 0o644);
  }
  return changed.sort();
}
