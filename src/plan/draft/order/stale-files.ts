import type { ServiceDecision } from '../../decide/decision.ts';
import { isBelow } from '../../decide/files.ts';
import type { ResourceDecisions } from '../../decide/resources.ts';
import { bindSources } from '../../facts/containers.ts';
import { NOT_HERE } from '../../facts/removed-app.ts';
import type { AppDraft } from '../app-draft.ts';
import { removalOf, writeOf } from '../queries.ts';

/**
 * Removes the files that Git has dropped, after all containers that bind them have gone or been replaced: a container that still runs in the old form
 * goes on with them. A file that lies where Git now has a folder, or in a folder where it now has a file, went with that write.
 */
export function removeStaleFiles(
  { facts, draft }: AppDraft,
  { files }: ResourceDecisions,
  services: ReadonlyMap<string, ServiceDecision>,
): void {
  const { desired, actual } = facts;
  const reason = desired.isElsewhere ? NOT_HERE : 'no longer in Git';
  for (const path of files.stale) {
    const write = files.writes.findLast(({ old }) => old.some((each) => each.path === path));
    const instead = write && writeOf(draft, desired.name, write.file.path);
    const binders = actual.containers.filter(
      ({ identity, spec }) =>
        identity.app === desired.name && bindSources(spec).some((source) => isBelow(path, source)),
    );
    const removals = binders.map(({ id }) => removalOf(draft, id));
    // A service that binds it cannot be brought about for now, which is told elsewhere.
    const isKept = binders.some(
      ({ identity }, index) => removals[index] === undefined && services.get(identity.service)?.blocked,
    );
    if (instead === undefined && isKept) continue;
    const after = instead === undefined ? removals.filter((handle) => handle !== undefined) : [instead];
    draft.add({ kind: 'removeFile', path, reason, after, ...files.change });
  }
}
