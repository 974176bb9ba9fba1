import { networkDifferences, volumeDifferences } from '../../container/compare.ts';
import { specHash } from '../../container/labels/hash.ts';
import { lacksForNetwork } from '../../container/requirements.ts';
import { own } from '../../lib/maps/own.ts';
import type { PlanProblem, Withheld } from '../../model/plan.ts';
import type { NetworkSpec, VolumeSpec } from '../../model/spec.ts';
import type { ActualNetwork, DesiredNetwork, DesiredVolume } from '../../model/state.ts';
import { type AppFacts, type Attempt, attempt, finding, heldBack } from '../facts/app-facts.ts';
import { strangersOn } from '../facts/others/strangers.ts';
import { type Change, endsByItself } from '../facts/policy.ts';
import { decideFiles, type FileDecisions, writesBelow } from './files.ts';

/** The changes that an app's files, networks and volumes need. Without an entry a network or volume is usable as it is. */
export interface ResourceDecisions {
  files: FileDecisions;
  networks: ReadonlyMap<string, NetworkDecision>;
  volumes: ReadonlyMap<string, VolumeDecision>;
  problems: PlanProblem[];
}

/** `text`: why containers cannot use it. */
type Unusable = { kind: 'unusable'; text: string };

export type NetworkDecision =
  | Unusable
  | { kind: 'create'; key: string; spec: NetworkSpec; reason: string; change: Attempt }
  /** A network cannot be changed: it is removed and made again. */
  | { kind: 'remake'; key: string; spec: NetworkSpec; found: ActualNetwork; reasons: string[]; change: Attempt };

export type VolumeDecision =
  | Unusable
  /** `files`: paths that have to be written before. */
  | { kind: 'create'; key: string; spec: VolumeSpec; reason: string; change: Attempt; files: string[] };

/** A missing network or volume is created, one that belongs to another is an error, and data is never touched. */
export function decideResources(facts: AppFacts): ResourceDecisions {
  const { desired } = facts;
  const files = decideFiles(facts);
  const problems: PlanProblem[] = [];
  const networks = new Map<string, NetworkDecision>();
  for (const network of desired.networks) {
    const decision = decideNetwork(facts, network, problems);
    if (decision) networks.set(network.spec.Name, decision);
  }
  const volumes = new Map<string, VolumeDecision>();
  for (const volume of desired.volumes) {
    const decision = decideVolume(facts, volume, files, problems);
    if (decision) volumes.set(volume.spec.Name, decision);
  }
  return { files, networks, volumes, problems };
}

function decideNetwork(
  facts: AppFacts,
  { key, external, spec }: DesiredNetwork,
  problems: PlanProblem[],
): NetworkDecision | undefined {
  const { actual, desired } = facts;
  const name = spec.Name;
  const unusable = (what: string, hint: string): Unusable => refuse(problems, `network ${name} ${what}`, hint);
  const found = own(actual.networks, name);
  if (external) {
    return found ? undefined : unusable('is external and does not exist', `docker network create ${name}`);
  }
  const lacking = lacksForNetwork(spec, actual.engine);
  if (lacking !== undefined) return unusable(`cannot be made: ${lacking}`, 'take the key out, or update the engine');

  if (!found) {
    const change = making(facts, 'network', spec, 'never');
    return { kind: 'create', key, spec, reason: finding(missing(facts, 'network'), change), change };
  }
  const { owner } = found;
  const reasons = networkDifferences(spec, found.spec);
  if (isOurs(facts, owner)) {
    if (reasons.length === 0) return undefined;
    const change = making(facts, 'network', spec, 'start');
    const withheld = change.withheld ?? strangersKeep(facts, name, reasons, problems);
    // An engine that does not answer what it was asked for must not have its network made again for ever.
    return {
      kind: 'remake',
      key,
      spec,
      found,
      reasons,
      change: heldBack({ ...change, retry: { ...change.retry, counts: 'attempts' } }, withheld),
    };
  }
  if (owner) {
    const isGivenUp = wasGivenUp(facts, 'network', name, owner);
    const kept = isGivenUp ? facts.neighbours.hold(owner.app, { cause: 'prune' }) : undefined;
    if (isGivenUp && (!kept || endsByItself(kept))) {
      const waits: Withheld = {
        by: 'handOver',
        text: `it waits until app ${owner.app} has let go of the network ${name}`,
      };
      const change = { ...making(facts, 'network', spec, 'never'), withheld: waits };
      return { kind: 'create', key, spec, reason: `in place of that of app ${owner.app}`, change };
    }
    return kept
      ? unusable(
          `${belongs(owner)}, which no longer names it and does not remove it: ${kept.text}`,
          `to release it: docker network rm ${name}, or lift what holds it back`,
        )
      : unusable(belongs(owner), 'give one of the two another name');
  }
  if (reasons.length === 0) return undefined;
  return found.project === desired.name
    ? unusable(
        `exists, was made by docker compose and differs (${reasons.join('; ')})`,
        'networks that docker compose made are never removed here: remove it yourself, and it is made again',
      )
    : unusable(
        `exists, is not ours and differs (${reasons.join('; ')})`,
        'remove it, rename ours, or declare it external',
      );
}

/** A stranger on a network keeps it as it is. People are told who that is. */
function strangersKeep(
  facts: AppFacts,
  name: string,
  reasons: string[],
  problems: PlanProblem[],
): Withheld | undefined {
  const strangers = strangersOn(facts, name);
  if (!strangers) return undefined;
  const message = `network ${name} cannot be made again as Git says (${reasons.join('; ')}): ${strangers.text} on it`;
  problems.push({ severity: 'error', message, hint: strangers.hint });
  return { by: 'handOver', text: `${strangers.text} on it` };
}

function decideVolume(
  facts: AppFacts,
  { key, external, spec }: DesiredVolume,
  files: FileDecisions,
  problems: PlanProblem[],
): VolumeDecision | undefined {
  const name = spec.Name;
  const unusable = (what: string, hint: string): Unusable => refuse(problems, `volume ${name} ${what}`, hint);
  const found = own(facts.actual.volumes, name);
  if (external) return found ? undefined : unusable('is external and does not exist', `docker volume create ${name}`);
  if (!found) {
    const paths = writesBelow(files, spec.DriverOpts?.device);
    const change = making(facts, 'volume', spec, 'never');
    return { kind: 'create', key, spec, reason: finding(missing(facts, 'volume'), change), change, files: paths };
  }
  // Labels of a volume cannot be changed: one that its old owner gave up belongs to the app that names it now, data and all.
  if (found.owner && !isOurs(facts, found.owner) && !wasGivenUp(facts, 'volume', name, found.owner)) {
    return unusable(belongs(found.owner), 'give one of the two another name, or declare it external');
  }
  const reasons = volumeDifferences(spec, found.spec);
  if (reasons.length > 0) {
    problems.push({
      severity: 'warning',
      message: `volume ${name} differs (${reasons.join('; ')}) and is left as it is, since its data would go with it`,
      hint: 'give the volume a new name in Git to start afresh',
    });
  }
  return undefined;
}

/**
 * Each network and volume fails by itself, and is tried for its spec in Git. One that is gone without a new revision counts each time it is
 * made again: a person or program may remove it each time.
 */
function making(
  facts: AppFacts,
  kind: 'network' | 'volume',
  spec: { Name: string },
  windows: Change['windows'],
): Attempt {
  const { settled } = facts;
  const change = {
    subject: { kind, name: spec.Name },
    windows,
    hooks: 'always',
    cause: settled ? 'drift' : 'revision',
    retry: {
      purpose: settled ? 'recreate' : 'converge',
      goal: specHash(spec),
      counts: settled ? 'attempts' : 'failures',
    },
  } as const;
  return attempt(facts, change, facts.forbidden);
}

const missing = ({ settled }: AppFacts, kind: 'network' | 'volume'): string => (settled ? 'gone' : `no such ${kind}`);

type Owner = { site: string; app: string };

const isOurs = ({ site, desired }: AppFacts, owner: Owner | undefined): boolean =>
  owner?.site === site && owner.app === desired.name;

const belongs = ({ app, site }: Owner): string => `belongs to app ${app} of site ${site}`;

/** Its owner is another app of this site, and Git no longer says that it is. */
function wasGivenUp({ site, neighbours }: AppFacts, kind: 'network' | 'volume', name: string, owner: Owner): boolean {
  if (owner.site !== site) return false;
  const wanted = neighbours.wanted(owner.app);
  if (!wanted) return neighbours.isForgotten(owner.app);
  return !wanted[`${kind}s`].some(({ external, spec }) => !external && spec.Name === name);
}

function refuse(problems: PlanProblem[], text: string, hint: string): Unusable {
  problems.push({ severity: 'error', message: text, hint });
  return { kind: 'unusable', text };
}
