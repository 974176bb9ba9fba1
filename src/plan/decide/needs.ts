import { imagesOf } from '../../container/fields/mounts.ts';
import { imageRefusal } from '../../container/labels/labels.ts';
import { lacksForContainer } from '../../container/requirements.ts';
import { addressesOf, isWithin } from '../../lib/host/ip-address.ts';
import { own } from '../../lib/maps/own.ts';
import type { PlanProblem } from '../../model/plan.ts';
import type { EndpointSpec } from '../../model/spec.ts';
import type { Dependency, DesiredContainer, DesiredService } from '../../model/state.ts';
import type { NamedSlot } from '../facts/containers.ts';
import type { Known, Need, ServiceDecision } from './decision.ts';
import { writesFor } from './files.ts';
import { outlookOf } from './outlook.ts';
import { needImage } from './pulls.ts';

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

  for (const { service: name, condition, required } of dependenciesOf(service, wanted)) {
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

/** The services that it depends on, and those whose namespaces it joins: without these it never starts. */
const dependenciesOf = (
  { dependsOn }: DesiredService,
  wanted: DesiredContainer,
): Pick<Dependency, 'service' | 'condition' | 'required'>[] => [
  ...dependsOn,
  ...joinedServices(wanted).map((service) => ({ service, condition: 'started' as const, required: true })),
];

/**
 * Before an unchanged container is started again: files that are written now, and the services it depends on in their order. Only the condition
 * `completed` is awaited.
 */
export function needsToStart(known: Known, { service, wanted }: NamedSlot, withFiles: boolean): Need[] {
  const services = dependenciesOf(service, wanted).flatMap(({ service: name, condition, required }) => {
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
    return !outlook || outlook.may[condition];
  });
}

function needService({ service, decisions, isHeld }: ServiceDecision, condition: Dependency['condition']): Need[] {
  const slots = decisions.flatMap((decision) => {
    const outlook = outlookOf(decision);
    const isAwaited = condition !== 'started' && outlook && !outlook.has[condition];
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
  const heldPaths = new Set(files.writes.flatMap(({ file, change }) => (change.withheld ? [file.path] : [])));
  return writesFor(files, wanted).paths.map((path) => ({ kind: 'file', path, isHeld: heldPaths.has(path) }));
}
