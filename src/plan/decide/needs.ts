import { imagesOf } from '../../container/fields/mounts.ts';
import { imageRefusal } from '../../container/labels/labels.ts';
import { lacksForContainer } from '../../container/requirements.ts';
import { addressesOf, isWithin } from '../../lib/host/ip-address.ts';
import { own } from '../../lib/own.ts';
import type { PlanProblem } from '../../model/plan.ts';
import type { EndpointSpec } from '../../model/spec.ts';
import type { Dependency, DesiredContainer } from '../../model/state.ts';
import { serviceKey } from '../../model/subject.ts';
import { type AppFacts, attempt } from '../facts/app-facts.ts';
import type { NamedSlot } from '../facts/containers.ts';
import type { Known, Need, Pull, ServiceDecision } from './decision.ts';
import { writesFor } from './files.ts';
import { outlookOf } from './outlook.ts';

/** `blocked`: why the container cannot be made at all. The needs that were found before are met all the same. */
export interface Needs {
  needs: Need[];
  problems: PlanProblem[];
  blocked?: string;
}

/** A registry has to be asked, something else has to come up first, or it will not come about now. */
export const isSlow = (need: Need): boolean =>
  need.isHeld || need.kind === 'pull' || (need.kind === 'service' && need.isSlow);

export const isAnyHeld = (needs: readonly Need[]): boolean => needs.some(({ isHeld }) => isHeld);

/** Before a container is created: its image, networks, volumes and files, and its dependencies in the condition it asks for. */
export function needsToCreate(known: Known, { service, wanted }: NamedSlot): Needs {
  const { facts, resources } = known;
  const { spec } = wanted;
  const needs: Need[] = [];
  const problems: PlanProblem[] = [];
  const blocked = (reason: string): Needs => ({ needs, problems, blocked: reason });

  const lacking = lacksForContainer(spec, facts.actual.engine);
  if (lacking !== undefined) return blocked(`${service.name}: ${lacking}`);
  const labels = own(facts.actual.images, spec.Image)?.config.Labels;
  const refusal = imageRefusal(spec.Image, labels, facts.desired.adopt ? facts.desired.name : undefined);
  if (refusal !== undefined) return blocked(refusal);

  for (const image of imagesOf(spec)) {
    const found = needImage(known, service, image, spec.Platform);
    if (typeof found === 'string') return blocked(found);
    needs.push(...found);
  }
  for (const [name, endpoint] of Object.entries(spec.Networks ?? {})) {
    const network = resources.networks.get(name);
    if (network?.kind === 'unusable') return blocked(network.text);
    needs.push(...needNetwork(known, name, endpoint));
  }
  for (const { Type, Source } of spec.Mounts ?? []) {
    const volume = Type === 'volume' && Source ? resources.volumes.get(Source) : undefined;
    if (volume?.kind === 'unusable') return blocked(volume.text);
    if (volume && Source) {
      const isHeld = Boolean(volume.change.withheld || (volume.files.length > 0 && resources.files.change.withheld));
      needs.push({ kind: 'volume', name: Source, isHeld });
    }
  }
  needs.push(...needFiles(known, wanted));

  for (const { service: name, condition, required } of [...service.dependsOn, ...joinedServices(wanted).map(joined)]) {
    const dependency = known.services.get(name);
    if (!dependency) continue;
    if (!required && !isHopeful(dependency, condition)) {
      const message = `goes on without ${name}, which it depends on but does not require`;
      problems.push({ severity: 'warning', service: service.name, message });
      continue;
    }
    if (dependency.blocked) return blocked(`${service.name} waits for ${name}: ${dependency.blocked}`);
    needs.push(...needService(dependency, condition));
  }
  return { needs, problems };
}

const joined = (service: string): Pick<Dependency, 'service' | 'condition' | 'required'> => ({
  service,
  condition: 'started',
  required: true,
});

/**
 * Before an unchanged container is started again: files that are written now, and the services it depends on in their order. Only the condition
 * `completed` is awaited.
 */
export function needsToStart(known: Known, { service, wanted }: NamedSlot, withFiles: boolean): Need[] {
  const services = service.dependsOn.flatMap(({ service: name, condition, required }) => {
    const dependency = known.services.get(name);
    if (!dependency || dependency.blocked || !required) return [];
    return needService(dependency, condition === 'completed' ? 'completed' : 'started');
  });
  return [...(withFiles ? needFiles(known, wanted).filter(({ isHeld }) => !isHeld) : []), ...services];
}

/** A dependency that is not required is waited for as long as it may still come up, and no longer once it failed. */
function isHopeful({ decisions, blocked, isHeld }: ServiceDecision, condition: Dependency['condition']): boolean {
  if (blocked || isHeld) return false;
  if (condition === 'started') return true;
  return decisions.every((decision) => {
    const outlook = outlookOf(decision);
    return !outlook || outlook[condition] || outlook.may[condition];
  });
}

function needService({ service, decisions, isHeld }: ServiceDecision, condition: Dependency['condition']): Need[] {
  const slots = decisions.flatMap((decision) => {
    const outlook = outlookOf(decision);
    const isAwaited = condition !== 'started' && outlook && (outlook.changed || !outlook[condition]);
    return isAwaited ? [decision.slot.id.number] : [];
  });
  if (condition !== 'started' && slots.length === 0) return [];
  const isSlow = slots.length > 0 || decisions.some(({ kind }) => kind === 'replaceBeside' || kind === 'continueTrial');
  return [{ kind: 'service', service: service.name, condition, slots, isHeld, isSlow }];
}

/** Services whose namespaces a container joins. */
export const joinedServices = ({ spec }: DesiredContainer): string[] => [
  ...new Set(
    [spec.NetworkMode, spec.PidMode, spec.IpcMode, ...(spec.VolumesFrom ?? [])].flatMap((mode) =>
      mode?.startsWith('service:') ? [mode.slice('service:'.length)] : [],
    ),
  ),
];

/**
 * An image that is on the disk is used and no registry is asked, unless the pull policy says so; and even then the container is made from
 * the image that is there, if the registry does not answer. A text is the reason that there is no image.
 */
function needImage(
  known: Known,
  service: NamedSlot['service'],
  image: string,
  platform: string | undefined,
): Need[] | string {
  const isThere = own(known.facts.actual.images, image) !== undefined;
  const decided = pullOf(known, image, platform);
  if (decided) return isThere && decided.change.withheld ? [] : [asNeed(decided)];
  if (isThere) return [];
  if (service.pullPolicy === 'built') {
    return `image ${image} is not on the engine: run \`docker compose build\` there, or name an image that can be pulled`;
  }
  if (service.pullPolicy === 'never') return `image ${image} is not on the disk, and pull_policy is never`;
  return [asNeed(pullFor(known.facts, service, image, platform, 'not on the disk'))];
}

const isSamePull = (one: Pull, other: { image: string; platform?: string | undefined }): boolean =>
  one.image === other.image && one.platform === other.platform;

const asNeed = (pull: Pull): Need => ({ kind: 'pull', pull, isHeld: pull.change.withheld !== undefined });

/** A pull that was decided already, for this service or another one. */
function pullOf({ alwaysPulled, services }: Known, image: string, platform: string | undefined): Pull | undefined {
  const isSame = (pull: Pull): boolean => isSamePull(pull, { image, platform });
  const earlier = [...services.values()].flatMap(({ decisions }) =>
    decisions.flatMap((decision) => ('needs' in decision ? decision.needs : [])),
  );
  return alwaysPulled.find(isSame) ?? earlier.flatMap((need) => (need.kind === 'pull' ? [need.pull] : [])).find(isSame);
}

/** `pull_policy: always`: one pull for each digest of the app, even if no container has to be made, and before any is made. */
export function decideAlwaysPulled(facts: AppFacts): Pull[] {
  const { desired, memory, options, digest } = facts;
  if (!options.pullAlways) return [];
  const pulls = desired.services.flatMap((service) => {
    const spec = service.containers[0]?.spec;
    if (service.pullPolicy !== 'always' || !spec) return [];
    if (memory.pulled[serviceKey({ app: desired.name, service: service.name })] === digest) return [];
    return [pullFor(facts, service, spec.Image, spec.Platform, 'pull_policy is always')];
  });
  return pulls.filter((pull, index) => pulls.findIndex((each) => isSamePull(each, pull)) === index);
}

function pullFor(
  facts: AppFacts,
  service: NamedSlot['service'],
  image: string,
  platform: string | undefined,
  reason: string,
): Pull {
  const change = attempt(facts, {
    service: service.name,
    subject: { kind: 'image', reference: image },
    // A pull changes nothing that runs, so that selfHeal does not hold it back.
    cause: 'revision',
    retry: { purpose: 'converge', goal: facts.digest, counts: 'failures' },
  });
  return { image, ...(platform && { platform }), always: service.pullPolicy === 'always', reason, change };
}

/**
 * The creation of a network, where this pass creates it. A network that is yet to be made again serves meanwhile: only an endpoint that does not
 * fit the old one waits for the new one. Without an endpoint nothing waits for that.
 */
export function needNetwork({ resources }: Known, name: string, endpoint: EndpointSpec | undefined): Need[] {
  const network = resources.networks.get(name);
  if (!network || network.kind === 'unusable') return [];
  const isHeld = network.change.withheld !== undefined;
  if (network.kind === 'remake' && isHeld) {
    const pools = network.found.spec.IPAM?.Config ?? [];
    const fits = !endpoint || addressesOf(endpoint).every((address) => isWithin(address, pools));
    if (fits) return [];
  }
  return [{ kind: 'network', name, isHeld }];
}

function needFiles({ resources: { files } }: Known, wanted: DesiredContainer): Need[] {
  const isHeld = files.change.withheld !== undefined;
  return writesFor(files, wanted).paths.map((path) => ({ kind: 'file', path, isHeld }));
}
