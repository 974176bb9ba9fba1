import type { DesiredContainer } from '../model/state.ts';
import { type AppContext, held } from './context.ts';

/** Files of Git on the site's disk: written where they differ, removed where Git dropped what we wrote and nobody changed it since. */
export function planFiles(context: AppContext): void {
  const { desired, actual, memory, draft } = context;
  // Every attempt counts: a disk that keeps no modes, or a container that writes into its own config, must not make us write for ever.
  const backoff = { key: `files ${desired.name}`, goal: context.digest };
  const withheld = held(context.hold({ drift: context.settled, backoff }));
  const base = { after: [], backoff: { ...backoff, counts: 'attempts' as const }, ...withheld };

  for (const file of desired.files) {
    const found = actual.files[file.path];
    if (found?.digest === file.digest && found.mode === file.mode) continue;
    const reason = found ? (context.settled ? 'changed on the disk (drift)' : 'differs from Git') : 'not on the disk';
    context.files.set(file.path, draft.add({ kind: 'writeFile', file, reason, ...base }));
  }
  const wanted = new Set(desired.files.map((file) => file.path));
  for (const [path, digest] of Object.entries(memory.files[desired.name] ?? {}).sort()) {
    if (!wanted.has(path) && actual.files[path]?.digest === digest) {
      draft.add({ kind: 'removeFile', path, reason: 'no longer in Git', ...base });
    }
  }
}

/**
 * Handles of the writes that a container has to see. One that binds the very file holds the old inode and must be replaced; one that binds
 * a folder around it sees the new file as it is.
 */
export function writesFor(context: AppContext, container: DesiredContainer): { all: number[]; boundItself: string[] } {
  const sources = (container.spec.Mounts ?? []).flatMap((mount) =>
    mount.Type === 'bind' && mount.Source ? [mount.Source] : [],
  );
  const all: number[] = [];
  const boundItself: string[] = [];
  for (const [path, handle] of context.files) {
    if (sources.includes(path)) boundItself.push(path);
    if (sources.some((source) => path === source || path.startsWith(`${source.replace(/\/$/, '')}/`))) all.push(handle);
  }
  return { all, boundItself };
}
