import { networkDifferences, volumeDifferences } from '../../container/compare.ts';
import { lacksForNetwork } from '../../container/requirements.ts';
import { own } from '../../lib/own.ts';
import type { Reason, Withheld } from '../../model/plan.ts';
import type { DesiredNetwork, DesiredVolume } from '../../model/state.ts';
import { type AppContext, held } from '../context.ts';
import { writesBelow } from './files.ts';
import { remakeNetwork } from './remake-network.ts';
import { resourceChange } from './resource-change.ts';

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
  const change = resourceChange(context, 'network', spec);
  const waits = found?.owner && removalOf(context, spec.Name, found.owner);
  if (!found || waits) {
    context.newNetworks.add(spec.Name);
    const reason = waits ? `in place of that of app ${found?.owner?.app}` : missing(context, 'network');
    const created = context.draft.add({
      kind: 'createNetwork',
      network: spec,
      key,
      reason,
      after: [],
      ...change,
      ...held(waits ?? context.hold(change)),
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
    const kept = isGivenUp(context, 'network', spec.Name, found.owner) && keptBy(context, found.owner);
    if (kept) {
      const what = `${belongs(found.owner)}, which no longer names it and does not remove it: ${kept.text}`;
      const hint = `to release it: docker network rm ${spec.Name}, or lift what holds it back`;
      unusable(context, 'network', spec.Name, what, hint);
    } else unusable(context, 'network', spec.Name, belongs(found.owner), 'give one of the two another name');
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
    const change = resourceChange(context, 'volume', spec);
    const created = context.draft.add({
      kind: 'createVolume',
      volume: spec,
      key,
      reason: missing(context, 'volume'),
      after: writesBelow(context, spec.DriverOpts?.device),
      ...change,
      ...held(context.hold(change)),
    });
    context.volumes.set(spec.Name, created);
    return;
  }
  // Labels of a volume cannot be changed: one that its old owner gave up belongs to the app that names it now, data and all.
  if (found.owner && !isOurs(context, found.owner) && !isGivenUp(context, 'volume', spec.Name, found.owner)) {
    const hint = 'give one of the two another name, or declare it external';
    unusable(context, 'volume', spec.Name, belongs(found.owner), hint);
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

const missing = ({ settled }: AppContext, kind: 'network' | 'volume'): Reason => ({
  finding: settled ? 'gone' : `no such ${kind}`,
});

type Owner = { site: string; app: string };

const isOurs = (context: AppContext, owner: Owner | undefined): boolean =>
  owner?.site === context.site && owner.app === context.desired.name;

const belongs = ({ app, site }: Owner): string => `belongs to app ${app} of site ${site}`;

/** Its owner is another app of this site, and Git no longer says that it is. */
function isGivenUp(context: AppContext, kind: 'network' | 'volume', name: string, owner: Owner): boolean {
  if (owner.site !== context.site || isOurs(context, owner)) return false;
  const wanted = context.neighbours.wanted(owner.app);
  if (!wanted) return context.neighbours.isForgotten(owner.app);
  return !wanted[`${kind}s`].some(({ external, spec }) => !external && spec.Name === name);
}

/** Why an app does not remove what it gave up. */
const keptBy = ({ neighbours }: AppContext, { app }: Owner): Withheld | undefined =>
  neighbours.hold(app, { cause: 'prune' });

/** The reason for a network to wait until its owner has removed it; undefined where the owner keeps it. */
function removalOf(context: AppContext, name: string, owner: Owner): Withheld | undefined {
  if (!isGivenUp(context, 'network', name, owner)) return undefined;
  const kept = keptBy(context, owner);
  if (kept && kept.by !== 'backoff') return undefined;
  return { by: 'handOver', text: `it waits until app ${owner.app} has let go of the network ${name}` };
}

function unusable(context: AppContext, kind: string, name: string, what: string, hint: string): void {
  context.unusable.set(name, `${kind} ${name} ${what}`);
  context.problems.push({ severity: 'error', message: `${kind} ${name} ${what}`, hint });
}
