import type { Application, BrokenApplication } from '../fleet/applications.ts';
import type { Problem } from '../lib/errors.ts';
import type { FleetDocument } from '../model/fleet.ts';

/** A warning for a Fleet without syncPolicy: people expect that sites follow Git. An empty policy is meant so. */
export function reportsOnly(
  { hasSyncPolicy }: FleetDocument,
  applications: readonly (Application | BrokenApplication)[],
): Problem[] {
  const names = applications.flatMap((each) => ('app' in each && !each.app.syncPolicy ? [each.name] : []));
  if (hasSyncPolicy || names.length === 0) return [];
  return [
    {
      at: { file: 'fleet.yaml', line: 1, column: 1 },
      message: 'the Fleet has no syncPolicy, so sites only report how they differ from Git, and change nothing',
      hint: 'write `syncPolicy: { automated: { prune: true, selfHeal: true } }` under spec to follow Git, or `syncPolicy: {}` if reports are all that you want',
    },
  ];
}
