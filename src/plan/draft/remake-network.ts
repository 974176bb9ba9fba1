import { addressesOf, isWithin } from '../../lib/host/ip-address.ts';
import { own } from '../../lib/own.ts';
import type { Withheld } from '../../model/plan.ts';
import type { EndpointSpec } from '../../model/spec.ts';
import type { ActualContainer, ActualNetwork, DesiredNetwork } from '../../model/state.ts';
import { type AppContext, held } from '../context.ts';
import { strangersOn } from '../facts/strangers.ts';
import { resourceChange } from './resource-change.ts';

/**
 * A network cannot be changed: all that use it leave, it is made anew, and all join again, each with its aliases. If it cannot be removed, or
 * not be made as Git says, they get the old one back. While a stranger is on it, nothing is touched.
 */
export function remakeNetwork(
  context: AppContext,
  { key, spec }: DesiredNetwork,
  found: ActualNetwork,
  reasons: string[],
): void {
  const { draft } = context;
  const name = spec.Name;
  // Every attempt counts: an engine that does not answer what it was asked for must not have its network made anew for ever.
  const change = resourceChange(context, 'network', spec);
  const withheld = context.hold(change) ?? keptBy(context, name, reasons);
  const base = { ...change, retry: { ...change.retry, counts: 'attempts' as const }, ...held(withheld) };
  const users = context.actual.containers.flatMap((user) => {
    const endpoint = own(user.spec.Networks, name);
    return endpoint ? [{ user, endpoint }] : [];
  });
  const member = ({ id, name, identity }: ActualContainer) => ({ container: { name, id }, service: identity.service });

  const left = users.map(({ user }) =>
    draft.add({
      kind: 'disconnectNetwork',
      ...member(user),
      network: name,
      reason: `${name} is made anew`,
      after: [],
      ...base,
    }),
  );
  const removed = draft.add({
    kind: 'removeNetwork',
    networkId: found.id,
    name,
    reason: reasons.join('; '),
    after: left,
    ...base,
  });
  const reason = 'made anew with what Git says';
  const created = draft.add({ kind: 'createNetwork', network: spec, key, reason, after: [removed], ...base });
  const restored = draft.add({
    kind: 'createNetwork',
    network: found.spec,
    key,
    reason: 'as it was, since it could not be made as Git says',
    after: [removed],
    onlyIfFailed: created,
    ...base,
  });
  const rejoin = (to: (typeof users)[0], endpoint: EndpointSpec, reason: string, after: number[], trigger?: number) =>
    draft.add({
      kind: 'connectNetwork',
      ...member(to.user),
      network: name,
      endpoint,
      reason,
      after,
      ...(trigger !== undefined && { onlyIfFailed: trigger }),
      ...base,
    });
  for (const [index, to] of users.entries()) {
    const { user, endpoint } = to;
    const wanted = wantedEndpoint(context, user, name);
    if (wanted !== 'none') {
      const joined = rejoin(to, wanted ?? endpoint, 'back on the new one', [created]);
      if (!withheld) context.rejoined.set(user.id, [...(context.rejoined.get(user.id) ?? []), joined]);
    }
    rejoin(to, endpoint, 'it could not be removed', [left[index] as number], removed);
    rejoin(to, endpoint, 'back on the old one', [restored], created);
  }
  // As long as it is held back, the old one serves.
  if (withheld) {
    context.awaited.set(name, { created, pools: found.spec.IPAM?.Config ?? [] });
    return;
  }
  context.networks.set(name, [created]);
  for (const { user } of users) {
    const others = context.leftFor.get(user.id) ?? [];
    context.leftFor.set(user.id, new Set([...others, name]));
  }
}

/** Strangers on a network keep it as it is; people are told who they are. */
function keptBy(context: AppContext, name: string, reasons: string[]): Withheld | undefined {
  const strangers = strangersOn(context, name);
  if (!strangers) return undefined;
  const message = `network ${name} cannot be made again as Git says (${reasons.join('; ')}): ${strangers.text} on it`;
  context.problems.push({ severity: 'error', message, hint: strangers.hint });
  return { by: 'handOver', text: `${strangers.text} on it` };
}

/** The operations before a container can have an endpoint: on a network that is yet to be made anew, what only fits the new one waits for that. */
export function neededFor(context: AppContext, network: string, endpoint: EndpointSpec): number[] {
  const awaited = context.awaited.get(network);
  if (!awaited) return context.networks.get(network) ?? [];
  return addressesOf(endpoint).every((address) => isWithin(address, awaited.pools)) ? [] : [awaited.created];
}

/** undefined for a container that has no place in Git, or in another app: it joins as it was. */
function wantedEndpoint(
  { desired, site }: AppContext,
  { identity }: ActualContainer,
  network: string,
): EndpointSpec | 'none' | undefined {
  if (identity.app !== desired.name || identity.site !== site) return undefined;
  const place = desired.services
    .find(({ name }) => name === identity.service)
    ?.containers.find(({ number }) => number === identity.number);
  return place && (own(place.spec.Networks, network) ?? 'none');
}
