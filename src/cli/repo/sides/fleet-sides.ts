import { type CompileSite, createFleetCompiler } from '../../../compose/compile-fleet.ts';
import type { CompileOptions } from '../../../compose/load/values/values.ts';
import type { SiteDocuments } from '../../../fleet/sites.ts';
import type { Earlier } from '../../../impact/behind.ts';
import { openSide, type Side, UnknownPin } from '../../../impact/read-side.ts';
import { entry } from '../../../lib/maps/map-entry.ts';
import { shortRevision } from '../../../lib/text/revision.ts';
import type { Pin } from '../../../model/fleet.ts';
import type { Snapshot } from '../../../model/snapshot.ts';
import type { SitePolicy } from '../../../policy/site-policy.ts';
import { folderSnapshot } from '../../../source/folder-snapshot.ts';
import { refusingCompiler } from '../../../validate/refused-by-policy.ts';
import { type OpenedSource, openFolder } from '../open-source.ts';
import { asCommitted } from './as-committed.ts';
import { earlierSides } from './earlier-sides.ts';

/** Stands for the files as they are, uncommitted changes included. */
export const WORKTREE = 'worktree';

export interface FleetSides {
  from: Side;
  to: Side;
  /** The two revisions, as people call them. */
  names: { from: string; to: string };
  /** The fleet at an earlier time. Absent where the old side is no commit. */
  earlier?: Earlier | undefined;
}

interface SidesOptions {
  from: string;
  to: string;
  /** The config repo's folder in the repo. */
  path: string | undefined;
  compile: CompileOptions;
  /** The policy of all sites: apps of the new side that it refuses are broken there. */
  policy?: SitePolicy | undefined;
}

/** Opens both sides of a change in a clone, for as long as `use` runs. Throws InputError for a revision that the clone does not have. */
export async function withFleetSides<T>(
  folder: string,
  { from, to, path, compile, policy }: SidesOptions,
  use: (sides: FleetSides) => Promise<T>,
): Promise<T> {
  const opened = await openFolder(folder, { path }, 'folder');
  const { signal } = new AbortController();
  const commits = new Map<string, Promise<Snapshot>>();
  const commitSnapshot = (commit: string): Promise<Snapshot> =>
    entry(commits, commit, () => opened.source.fetch(commit, signal, true));
  const snapshotOf = async (revision: string): Promise<Revision> => {
    if (revision === WORKTREE) {
      const files = await folderSnapshot(folder, path === undefined ? {} : { path });
      return { files: asCommitted(files, folder, path), name: WORKTREE };
    }
    const commit = await opened.commitNamed(revision);
    return { files: await commitSnapshot(commit), name: named(revision, commit), commit };
  };
  const pins = new Map<string, Promise<Snapshot>>();
  const pinned = (pin: Pin): Promise<Snapshot> =>
    entry(pins, pin.revision, () => pinnedCommit(opened, pin, signal).then(commitSnapshot));
  const documents: SiteDocuments = new Map();
  const compileSite = createFleetCompiler({ ...compile, holdVersions: true });
  const open = (snapshot: Snapshot, compiler: CompileSite, holdVersions: boolean): Promise<Side> =>
    openSide(snapshot, { compile: compiler, pinned, documents, holdVersions });
  try {
    const [old, next] = await Promise.all([snapshotOf(from), snapshotOf(to)]);
    const openCommit = async (commit: string): Promise<Side> => open(await commitSnapshot(commit), compileSite, false);
    return await use({
      from: await open(old.files, compileSite, false),
      to: await open(next.files, policy ? refusingCompiler(compileSite, policy, compile) : compileSite, true),
      names: { from: old.name, to: next.name },
      earlier: old.commit === undefined ? undefined : earlierSides(opened.source, old.commit, next.commit, openCommit),
    });
  } finally {
    await opened.close();
  }
}

/** One side of a change, before it is read. */
interface Revision {
  files: Snapshot;
  name: string;
  /** Absent: the files as they are. */
  commit?: string | undefined;
}

const named = (revision: string, commit: string): string =>
  commit.startsWith(revision) ? shortRevision(commit) : `${revision} (${shortRevision(commit)})`;

/** The commit that a pin names in the clone, where its files are. Throws UnknownPin. */
async function pinnedCommit({ source }: OpenedSource, { revision }: Pin, signal: AbortSignal): Promise<string> {
  const { pinned } = await source.poll(signal, revision);
  if (pinned && !('missing' in pinned)) return pinned.commit;
  throw new UnknownPin(`pinned to ${revision}, which this clone lacks`);
}
