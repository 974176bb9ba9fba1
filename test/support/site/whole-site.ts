import { compileClaims } from '../../../src/compose/compile-site.ts';
import { placeSite } from '../../../src/fleet/place-site.ts';
import { formatProblem } from '../../../src/lib/errors.ts';
import { emptyMemory } from '../../../src/model/memory.ts';
import { agentOptions } from '../../../src/plan/facts/policy.ts';
import { plan } from '../../../src/plan/plan.ts';
import { folderSnapshot } from '../../../src/source/folder-snapshot.ts';
import { actualOf, bare, settled } from './site-builder.ts';

// A program: does with each folder, a config repo, all that an agent does between a commit and its containers, and once they run. A line of JSON
// for each folder says what it came to.

/** The result for one config repo. */
export interface WholeSite {
  /** The first problem of each app that is broken. */
  broken: Record<string, string>;
  /** Operations of each other app: on a site that has nothing, and on one that has all. */
  operations: Record<string, [first: number, then: number]>;
}

for (const folder of process.argv.slice(2)) {
  const snapshot = await folderSnapshot(folder);
  const { desired } = await compileClaims(await placeSite(snapshot, {}), snapshot, { filesDir: '/files' }, new Map());
  const first = plan(desired, bare(desired), emptyMemory(), 0, agentOptions);
  const then = plan(desired, actualOf(desired), settled(desired), 0, agentOptions);
  const result: WholeSite = {
    broken: Object.fromEntries(
      desired.broken.map(({ name, problems: [problem] }) => [name, problem ? formatProblem(problem) : '']),
    ),
    operations: Object.fromEntries(
      first.apps.map(({ app, operations }, index) => [
        app,
        [operations.length, then.apps[index]?.operations.length ?? -1],
      ]),
    ),
  };
  console.log(JSON.stringify(result));
}
