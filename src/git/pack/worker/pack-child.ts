import { messageOf, SourceError, type SourceErrorKind } from '../../../lib/errors.ts';
import type { StoreLimits } from '../../store-limits.ts';
import { indexPack } from '../index-pack.ts';
import { type Kept, mergePacks } from '../merge-packs.ts';
import { systemPackFiles } from '../pack-files.ts';

// The process that indexes and merges packs: one job, on its input; one answer, on its output. When its input ends, the process that asked
// is gone, and it ends as well.

export type PackJob = { dir: string; limits: StoreLimits } & (
  | { task: 'index'; names: { pack: string; index: string } }
  | { task: 'merge'; keep: Kept }
);

export type PackAnswer =
  | { result: object }
  | { sourceError: { kind: SourceErrorKind; message: string } }
  | { error: { message: string; code?: string | undefined } };

async function answer(job: PackJob): Promise<PackAnswer> {
  const files = systemPackFiles(job.dir);
  try {
    switch (job.task) {
      case 'index':
        return { result: await indexPack(files, job.names, job.limits) };
      case 'merge':
        return { result: await mergePacks(files, job.keep, job.limits) };
    }
  } catch (error) {
    if (error instanceof SourceError) return { sourceError: { kind: error.kind, message: error.message } };
    const { code } = error as NodeJS.ErrnoException;
    return { error: { message: messageOf(error), code } };
  }
}

let text = '';
process.stdin.setEncoding('utf8');
process.stdin.on('data', (data: string) => {
  text += data;
  if (!text.endsWith('\n')) return;
  void answer(JSON.parse(text) as PackJob).then((said) => {
    process.stdout.write(JSON.stringify(said), () => process.exit(0));
  });
});
process.stdin.on('end', () => process.exit(1));
