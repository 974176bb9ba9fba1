import { own } from '../lib/own.ts';
import type { Withheld } from '../model/plan.ts';
import type { DesiredApp, DesiredNetwork, DesiredVolume } from '../model/state.ts';
import { networkDifferences, volumeDifferences } from '../spec/compare.ts';
import { lacksForNetwork } from '../spec/requirements.ts';
import { type AppContext, held } from './context.ts';
import { writesBelow } from './files.ts';
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
  const owner = found && otherOwner(context, found.owner);
  const waits = owner === undefined ? undefined : letsGoOf(context, 'network', spec.Name, owner);
  if (!found || waits) {
    context.newNetworks.add(spec.Name);
    const reason = waits ? `in place of that of app ${owner}` : context.settled ? 'gone (drift)' : 'no such network';
    const created = context.draft.add({
      kind: 'createNetwork',
      network: spec,
      key,
      reason,
      after: [],
      backoff: { ...backoff, counts: context.settled ? 'attempts' : 'failures' },
      ...held(waits ?? context.hold({ drift: context.settled, backoff })),
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
    belongsElsewhere(context, 'network', spec.Name, found.owner);
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
      after: writesBelow(context, spec.DriverOpts?.device),
      backoff: { ...backoff, counts: context.settled ? 'attempts' : 'failures' },
      ...held(context.hold({ drift: context.settled, backoff })),
    });
    context.volumes.set(spec.Name, created);
    return;
  }
  // Labels of a volume cannot be changed: one that its old owner gave up belongs to the app that names it now, data and all.
  if (found.owner && !isOurs(context, found.owner) && !isGivenUp(context, 'volume', spec.Name, found.owner)) {
    belongsElsewhere(context, 'volume', spec.Name, found.owner);
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

type Owner = { site: string; app: string };

/** The app of this site that owns a thing, if it is not this one. */
const otherOwner = (context: AppContext, owner: Owner | undefined): string | undefined =>
  owner && owner.site === context.site && owner.app !== context.desired.name ? owner.app : undefined;

/** Its owner is another app of this site, and Git no longer says that it is. */
function isGivenUp(context: AppContext, kind: 'network' | 'volume', name: string, owner: Owner): boolean {
  const app = otherOwner(context, owner);
  if (app === undefined) return false;
  const wanted = context.neighbours.wanted(app);
  return wanted ? !claims(wanted, kind, name) : context.neighbours.isForgotten(app);
}

const claims = (app: DesiredApp, kind: 'network' | 'volume', name: string): boolean =>
  app[`${kind}s`].some(({ external, spec }) => !external && spec.Name === name);

/** The reason for a network to wait until its owner has removed it; undefined where the owner keeps it. */
function letsGoOf(context: AppContext, kind: 'network', name: string, app: string): Withheld | undefined {
  if (!isGivenUp(context, kind, name, { site: context.site, app })) return undefined;
  const kept = context.neighbours.hold(app, { prune: true });
  if (kept && kept.by !== 'backoff') return undefined;
  return { by: 'handOver', text: `it waits until app ${app} has let go of the ${kind} ${name}` };
}

function belongsElsewhere(context: AppContext, kind: 'network' | 'volume', name: string, owner: Owner): void {
  const belongs = `belongs to app ${owner.app} of site ${owner.site}`;
  const kept = isGivenUp(context, kind, name, owner) && context.neighbours.hold(owner.app, { prune: true });
  if (kept) {
    const hint = `to release it: docker ${kind} rm ${name}, or lift what holds it back`;
    unusable(context, kind, name, `${belongs}, which no longer names it and does not remove it: ${kept.text}`, hint);
    return;
  }
  const external = kind === 'volume' ? ', or declare it external' : '';
  unusable(context, kind, name, belongs, `give one of the two another name${external}`);
}

function unusable(context: AppContext, kind: string, name: string, what: string, hint: string): void {
  context.unusable.set(name, `${kind} ${name} ${what}`);
  context.problems.push({ severity: 'error', message: `${kind} ${name} ${what}`, hint });
}
