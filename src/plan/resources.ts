import { own } from '../lib/own.ts';
import type { DesiredNetwork, DesiredVolume } from '../model/state.ts';
import { networkDifferences, volumeDifferences } from '../spec/compare.ts';
import { lacksForNetwork } from '../spec/requirements.ts';
import { type AppContext, held } from './context.ts';
import { remakeNetwork } from './remake-network.ts';
import { backoffOf } from './resource-backoff.ts';

/** Networks and volumes of an app: what is missing is created, what is another's is an error, data is left alone. */
export function planResources(context: AppContext): void {
  for (const network of context.desired.networks) planNetwork(context, network);
  for (const volume of context.desired.volumes) planVolume(context, volume);
}

function planNetwork(context: AppContext, network: DesiredNetwork): void {
  const { key, external, spec } = network;
  const found = own(context.actual.networks, spec.Name);
  if (external) {
    if (!found)
      unusable(context, 'network', spec.Name, 'is external and does not exist', `docker network create ${spec.Name}`);
    return;
  }
  const lacking = lacksForNetwork(spec, context.actual.engine);
  if (lacking !== undefined) {
    unusable(context, 'network', spec.Name, `cannot be made: ${lacking}`, 'take the key out, or update the engine');
    return;
  }
  const backoff = backoffOf(context, 'network', spec);
  const withheld = held(context.hold({ drift: context.settled, backoff }));
  if (!found) {
    context.newNetworks.add(spec.Name);
    const reason = context.settled ? 'gone (drift)' : 'no such network';
    const created = context.draft.add({
      kind: 'createNetwork',
      network: spec,
      key,
      reason,
      after: [],
      backoff: { ...backoff, counts: context.settled ? 'attempts' : 'failures' },
      ...withheld,
    });
    context.networks.set(spec.Name, [created]);
    return;
  }
  const reasons = networkDifferences(spec, found.spec);
  if (isOurs(context, found.owner)) {
    if (reasons.length > 0) remakeNetwork(context, network, found, reasons);
    return;
  }
  if (found.owner) {
    unusable(
      context,
      'network',
      spec.Name,
      `belongs to app ${found.owner.app} of site ${found.owner.site}`,
      'give one of the two another name',
    );
  } else if (reasons.length > 0) {
    unusable(
      context,
      'network',
      spec.Name,
      `exists, ${found.project === context.desired.name ? 'was made by docker compose' : 'is not ours'} and differs (${reasons.join('; ')})`,
      found.project === context.desired.name
        ? 'networks that docker compose made are never removed here: remove it yourself, and it is made anew'
        : 'remove it, rename ours, or declare it external',
    );
  }
}

function planVolume(context: AppContext, { key, external, spec }: DesiredVolume): void {
  const found = own(context.actual.volumes, spec.Name);
  if (external) {
    if (!found)
      unusable(context, 'volume', spec.Name, 'is external and does not exist', `docker volume create ${spec.Name}`);
    return;
  }
  if (!found) {
    const backoff = backoffOf(context, 'volume', spec);
    const created = context.draft.add({
      kind: 'createVolume',
      volume: spec,
      key,
      reason: context.settled ? 'gone (drift)' : 'no such volume',
      after: [],
      backoff: { ...backoff, counts: context.settled ? 'attempts' : 'failures' },
      ...held(context.hold({ drift: context.settled, backoff })),
    });
    context.volumes.set(spec.Name, created);
    return;
  }
  if (found.owner && !isOurs(context, found.owner)) {
    unusable(
      context,
      'volume',
      spec.Name,
      `belongs to app ${found.owner.app} of site ${found.owner.site}`,
      'give one of the two another name, or declare it external',
    );
    return;
  }
  const reasons = volumeDifferences(spec, found.spec);
  if (reasons.length > 0) {
    context.problems.push({
      severity: 'warning',
      message: `volume ${spec.Name} differs (${reasons.join('; ')}) and is left as it is, since its data would go with it`,
      hint: 'give the volume a new name in Git to start afresh',
    });
  }
}

const isOurs = (context: AppContext, owner: { site: string; app: string } | undefined): boolean =>
  owner?.site === context.site && owner.app === context.desired.name;

function unusable(context: AppContext, kind: string, name: string, what: string, hint: string): void {
  context.unusable.set(name, `${kind} ${name} ${what}`);
  context.problems.push({ severity: 'error', message: `${kind} ${name} ${what}`, hint });
}
