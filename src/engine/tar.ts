import { pack } from 'tar-stream';
import type { ContainerFile } from '../model/spec.ts';

/** An archive of these files, to be unpacked at `/`. It has no folders, so that existing ones keep their modes. */
export async function tarOf(files: ContainerFile[]): Promise<Uint8Array> {
  const archive = pack();
  for (const { path, content, mode, uid, gid } of files) {
    archive.entry({ name: path.replace(/^\/+/, ''), mode, uid, gid, mtime: new Date(0) }, Buffer.from(content));
  }
  archive.finalize();
  const chunks: Uint8Array[] = [];
  for await (const chunk of archive) chunks.push(chunk as Uint8Array);
  return Buffer.concat(chunks);
}
