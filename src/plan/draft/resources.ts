import { own } from '../../lib/maps/own.ts';
import type { EndpointSpec } from '../../model/spec.ts';
import type { ActualContainer } from '../../model/state.ts';
import type { Pull } from '../decide/decision.ts';
import type { FileDecisions } from '../decide/files.ts';
import type { NetworkDecision, ResourceDecisions } from '../decide/resources.ts';
import type { AppFacts } from '../facts/app-facts.ts';
import { wantedAt } from '../facts/containers.ts';
import type { Draft } from './draft.ts';
import { writeOf } from './queries.ts';

/** Files of Git are written, networks and volumes created. */
export function draftResources(draft: Draft, facts: AppFacts, { files, networks, volumes }: ResourceDecisions): void {
  draftWrites(draft, files);
  for (const network of networks.values()) {
    if (network.kind === 'create') {
      const { key, spec, reason, change } = network;
      draft.add({ kind: 'createNetwork', network: spec, key, reason, after: [], ...change });
    } else if (network.kind === 'remake') remakeNetwork(draft, facts, network);
  }
  for (const volume of volumes.values()) {
    if (volume.kind !== 'create') continue;
    const { key, spec, reason, change, files: paths } = volume;
    const after = paths.flatMap((path) => writeOf(draft, facts.desired.name, path) ?? []);
    draft.add({ kind: 'createVolume', volume: spec, key, reason, after, ...change });
  }
}

function draftWrites(draft: Draft, { writes }: FileDecisions): void {
  for (const { file, reason, old, change } of writes)
    draft.add({ kind: 'writeFile', file, ...(old.length > 0 && { old }), reason, after: [], ...change });
}

export function draftPull(draft: Draft, { image, platform, always, reason, change }: Pull): number {
  return draft.add({ kind: 'pullImage', image, platform, always, reason, after: [], ...change });
}

/**
 * A network cannot be changed: its containers leave, it is made again, and all join again, each with its aliases. If it cannot be removed, or not
 * be made as Git says, they get the old one back.
 */
function remakeNetwork(
  draft: Draft,
  facts: AppFacts,
  { key, spec, found, reasons, change }: NetworkDecision & { kind: 'remake' },
): void {
  const network = spec.Name;
  const users = facts.actual.containers.flatMap((user) => {
    const endpoint = own(user.spec.Networks, network);
    return endpoint ? [{ user, endpoint }] : [];
  });
  const member = ({ id, name, identity }: ActualContainer) => ({
    container: { name, id },
    service: identity.service,
    network,
    ...change,
  });

  const left = users.map(({ user }) =>
    draft.add({ kind: 'disconnectNetwork', ...member(user), reason: `${network} is made again`, after: [] }),
  );
  const removed = draft.add({
    kind: 'removeNetwork',
    networkId: found.id,
    name: network,
    reason: reasons.join('; '),
    after: left,
    ...change,
  });
  const making = { kind: 'createNetwork' as const, key, after: [removed], ...change };
  const created = draft.add({ ...making, network: spec, reason: 'made again as Git says' });
  const restored = draft.add({
    ...making,
    network: found.spec,
    reason: 'as it was, since it could not be made as Git says',
    onlyIfFailed: created,
  });
  for (const [index, { user, endpoint }] of users.entries()) {
    const join = { kind: 'connectNetwork', ...member(user), endpoint } as const;
    const wanted = wantedEndpoint(facts, user, network);
    if (wanted !== 'none')
      draft.add({ ...join, endpoint: wanted ?? endpoint, reason: 'back on the new one', after: [created] });
    const after = [left[index] as number];
    draft.add({ ...join, reason: 'it could not be removed', after, onlyIfFailed: removed });
    draft.add({ ...join, reason: 'back on the old one', after: [restored], onlyIfFailed: created });
  }
}

/** undefined for a container that Git does not name, or of another app: it joins as it was. */
function wantedEndpoint(
  { desired, site }: AppFacts,
  { identity }: ActualContainer,
  network: string,
): EndpointSpec | 'none' | undefined {
  if (identity.app !== desired.name || identity.site !== site) return undefined;
  const wanted = wantedAt(desired, identity);
  return wanted && (own(wanted.spec.Networks, network) ?? 'none');
}
