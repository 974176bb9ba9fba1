import { imagesOf } from '../../container/fields/mounts.ts';
import { imageRefusal } from '../../container/labels/labels.ts';
import { lacksForContainer } from '../../container/requirements.ts';
import { own } from '../../lib/own.ts';
import type { Dependency, DesiredContainer, DesiredService } from '../../model/state.ts';
import { serviceKey, slotSubject } from '../../model/subject.ts';
import { type AppContext, held } from '../context.ts';
import { writesFor } from '../draft/files.ts';
import { neededFor } from '../draft/remake-network.ts';

/** What has to be done before a container can be made or started: handles of operations, or the reason why it cannot be at all. */
export type Needs = { after: number[]; blocked?: never } | { blocked: string };

/** Before a container is created: its image, networks, volumes and files, and what it depends on in the condition it asks for. */
export function needsToCreate(context: AppContext, service: DesiredService, wanted: DesiredContainer): Needs {
  const after: number[] = [];
  const { spec } = wanted;

  const lacking = lacksForContainer(spec, context.actual.engine);
  if (lacking !== undefined) return { blocked: `${service.name}: ${lacking}` };

  const labels = own(context.actual.images, spec.Image)?.config.Labels;
  const refusal = imageRefusal(spec.Image, labels, context.desired.adopt ? context.desired.name : undefined);
  if (refusal !== undefined) return { blocked: refusal };

  for (const reference of imagesOf(spec)) {
    const image = needImage(context, service, reference, spec.Platform);
    if (image.blocked !== undefined) return image;
    after.push(...image.after);
  }

  for (const [name, endpoint] of Object.entries(spec.Networks ?? {})) {
    const reason = context.unusable.get(name);
    if (reason) return { blocked: reason };
    after.push(...neededFor(context, name, endpoint));
  }
  for (const mount of spec.Mounts ?? []) {
    if (mount.Type !== 'volume' || !mount.Source) continue;
    const reason = context.unusable.get(mount.Source);
    if (reason) return { blocked: reason };
    const created = context.volumes.get(mount.Source);
    if (created) after.push(created);
  }
  after.push(...writesFor(context, wanted).all);

  for (const dependency of service.dependsOn) {
    if (!dependency.required && !isHopeful(context, dependency)) {
      goesOnWithout(context, service, dependency.service);
      continue;
    }
    const gate = gateOn(context, service, dependency.service, dependency.condition);
    if (gate.blocked !== undefined) return gate;
    after.push(...gate.after);
  }
  for (const joined of joinedServices(wanted)) {
    const gate = gateOn(context, service, joined, 'started');
    if (gate.blocked !== undefined) return gate;
    after.push(...gate.after);
  }
  return { after };
}

/** Something that is not required is waited for as long as it may still come up; once it failed, it is not. */
function isHopeful(context: AppContext, { service, condition }: Dependency): boolean {
  const progress = context.services.get(service);
  if (!progress) return true;
  if (progress.blocked || progress.started.some((id) => context.draft.isHeld(id))) return false;
  return (
    condition === 'started' ||
    progress.containers.every((place) => (place.changed && !place.failing) || place[condition] || place.may[condition])
  );
}

function goesOnWithout(context: AppContext, service: DesiredService, name: string): void {
  const message = `goes on without ${name}, which it depends on but does not require`;
  if (context.problems.some((problem) => problem.service === service.name && problem.message === message)) return;
  context.problems.push({ severity: 'warning', service: service.name, message });
}

/** Before an unchanged container is started again: order only, but for what must have completed. */
export function needsToStart(context: AppContext, service: DesiredService): number[] {
  return service.dependsOn.flatMap((dependency) => {
    const gate = gateOn(
      context,
      service,
      dependency.service,
      dependency.condition === 'completed' ? 'completed' : 'started',
    );
    return gate.blocked === undefined && dependency.required ? gate.after : [];
  });
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
 * What is on the disk is used and no registry is asked, unless the pull policy says so; and even then, a registry that does not answer keeps
 * nothing from being made of what is there.
 */
function needImage(context: AppContext, service: DesiredService, image: string, platform: string | undefined): Needs {
  const isThere = own(context.actual.images, image) !== undefined;
  const drafted = context.images.get(imageKey(image, platform));
  if (drafted) return { after: isThere && context.draft.isHeld(drafted) ? [] : [drafted] };
  if (isThere) return { after: [] };
  if (service.pullPolicy === 'built') {
    return {
      blocked: `image ${image} is not on the engine: run \`docker compose build\` there, or name an image that can be pulled`,
    };
  }
  if (service.pullPolicy === 'never') {
    return { blocked: `image ${image} is not on the disk, and pull_policy is never` };
  }
  return { after: [draftPull(context, service, image, platform, 'not on the disk')] };
}

const imageKey = (image: string, platform: string | undefined): string => `${platform ?? ''} ${image}`;

/** pull_policy always: once for each thing the app asks for, whether or not a container has to be made, and before any is. */
export function planAlwaysPulled(context: AppContext): void {
  if (!context.options.pullAlways) return;
  for (const service of context.desired.services) {
    const image = service.containers[0]?.spec;
    if (service.pullPolicy !== 'always' || !image) continue;
    if (context.memory.pulled[serviceKey({ app: context.desired.name, service: service.name })] === context.digest)
      continue;
    if (!context.images.has(imageKey(image.Image, image.Platform)))
      draftPull(context, service, image.Image, image.Platform, 'pull_policy is always');
  }
}

function draftPull(
  context: AppContext,
  service: DesiredService,
  image: string,
  platform: string | undefined,
  reason: string,
): number {
  const change = {
    subject: { kind: 'image', reference: image },
    cause: context.settled ? 'drift' : 'revision',
    retry: { purpose: 'converge', goal: context.digest, counts: 'failures' },
  } as const;
  const pull = context.draft.add({
    kind: 'pullImage',
    image,
    ...(platform && { platform }),
    always: service.pullPolicy === 'always',
    service: service.name,
    reason,
    after: [],
    ...change,
    // Nothing that runs changes by a pull: selfHeal does not hold it back.
    ...held(context.hold({ ...change, cause: 'revision' })),
  });
  context.images.set(imageKey(image, platform), pull);
  return pull;
}

function gateOn(
  context: AppContext,
  service: DesiredService,
  name: string,
  condition: 'started' | 'healthy' | 'completed',
): Needs {
  const progress = context.services.get(name);
  if (!progress) return { after: [] };
  if (progress.blocked) return { blocked: `${service.name} waits for ${name}: ${progress.blocked}` };
  if (condition === 'started') return { after: progress.started };

  const after: number[] = [];
  for (const container of progress.containers) {
    const holds = condition === 'healthy' ? container.healthy : container.completed;
    if (!container.changed && holds) continue;
    let gate = container.gates[condition];
    if (!gate) {
      gate = context.draft.add({
        kind: 'await',
        subject: slotSubject({ app: context.desired.name, service: name, number: container.number }),
        cause: 'revision',
        container: container.ref,
        condition,
        service: name,
        reason: `${service.name} depends on it`,
        after: progress.started,
      });
      container.gates[condition] = gate;
    }
    after.push(gate);
  }
  return { after };
}
