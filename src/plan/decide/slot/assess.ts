import { differences, endpointDifferences } from '../../../container/compare.ts';
import { withOwned } from '../../../container/ignore.ts';
import { asIfAsked } from '../../../container/labels/asked.ts';
import { contentDigest, hooksDigest, specHash } from '../../../container/labels/hash.ts';
import { own } from '../../../lib/own.ts';
import type { FieldDifference } from '../../../model/plan.ts';
import type { ContainerSpec, EndpointSpec } from '../../../model/spec.ts';
import type { ActualContainer, ActualSite, DesiredContainer } from '../../../model/state.ts';

/** The differences of one container from the wanted state of its slot. They do not say if it runs. */
export interface Assessment {
  container: ActualContainer;
  /** The spec that Git asks for, with the fields that the site owns as they are. */
  asked: ContainerSpec;
  /** The fields for which only a new container will do, as people call them. */
  fields: string[];
  /** The reasons for a new container, in words; empty: this one is right, or can be made so in place. */
  replace: string[];
  /** The changes that the engine makes in place, and why. */
  update: { changes: Partial<ContainerSpec>; reasons: string[] } | undefined;
  disconnect: { network: string; reason: string }[];
  connect: { network: string; endpoint: EndpointSpec; reason: string }[];
  /** It was made for just this spec: a difference now is drift. */
  madeForThis: boolean;
}

/** `newNetworks` are those that this plan creates: an endpoint that seems to be on one of them leads nowhere. */
export function assess(
  wanted: DesiredContainer,
  found: ActualContainer,
  actual: ActualSite,
  newNetworks: ReadonlySet<string>,
  owned: readonly string[] = [],
): Assessment {
  const { can } = actual.engine;
  const comparable = found.adopted ? asIfAsked(found.spec, wanted.spec) : found.spec;
  const image = own(actual.images, found.imageId)?.config;
  const asked = owned.length > 0 ? withOwned(wanted.spec, comparable, image, owned) : wanted.spec;
  const fields = differences(asked, comparable, image, can);
  const inPlace = fields.filter((difference) => can.update && isMendable(difference, asked));
  const anew = fields.filter((difference) => !inPlace.includes(difference));
  const images = imageReasons(wanted, found, actual);
  const replace = [
    ...images,
    ...anew.map((difference) => difference.text),
    ...digestReasons(wanted, found),
    ...(found.status === 'dead' ? ['the engine calls it dead'] : []),
  ];
  return {
    container: found,
    asked,
    fields: [...images.map(() => 'image'), ...anew.map(({ label }) => label)],
    replace,
    update:
      inPlace.length > 0 ? { changes: changesOf(asked, inPlace), reasons: inPlace.map((d) => d.text) } : undefined,
    ...endpoints(wanted.spec, found, actual, newNetworks),
    madeForThis:
      found.specHash !== '' && found.specHash === specHash(wanted.spec) && digestReasons(wanted, found).length === 0,
  };
}

/** An image that is no longer on the disk is no difference: its containers go on running. */
function imageReasons(wanted: DesiredContainer, found: ActualContainer, actual: ActualSite): string[] {
  const { Image } = wanted.spec;
  const image = own(actual.images, Image);
  // Podman writes the whole name where no label tells what was asked for.
  const isTheSame = found.adopted && image?.id === found.imageId;
  if (found.spec.Image !== Image && !isTheSame) {
    // A tag may have got a second name for the same image: nothing to gain from a replacement, but the reference must be what Git says.
    return [`image: ${found.spec.Image}, wanted ${Image}`];
  }
  return image && image.id !== found.imageId
    ? [`image: ${Image} is now ${short(image.id)}, runs ${short(found.imageId)}`]
    : [];
}

const short = (id: string): string => id.replace(/^sha256:/, '').slice(0, 12);

/** Labels that an adopted container lacks are no difference. */
function digestReasons(wanted: DesiredContainer, found: ActualContainer): string[] {
  const reasons: string[] = [];
  if (found.filesDigest !== undefined && found.filesDigest !== wanted.filesDigest)
    reasons.push('a file it binds changed in Git');
  if (found.contentDigest !== undefined && found.contentDigest !== contentDigest(wanted.spec.Files)) {
    reasons.push('the content of a config or secret changed');
  }
  if (found.hooksDigest !== undefined && found.hooksDigest !== hooksDigest(wanted.hooks))
    reasons.push('its post_start hooks changed in Git');
  return reasons;
}

/** A default can be set in place where it has a value to be set to: swap is twice the memory where Git says nothing of it. */
const isMendable = ({ field, inPlace }: FieldDifference, spec: ContainerSpec): boolean =>
  inPlace || (field === 'MemorySwap' && spec.Memory !== undefined);

/** The engine holds memory and swap against each other: raising memory past the old swap limit needs both in one call. */
function changesOf(spec: ContainerSpec, fields: FieldDifference[]): Partial<ContainerSpec> {
  const wanted: ContainerSpec = { ...spec, RestartPolicy: spec.RestartPolicy ?? { Name: 'no' } };
  const names = new Set(fields.map(({ field }) => field as keyof ContainerSpec));
  if (spec.Memory !== undefined && (names.has('Memory') || names.has('MemorySwap'))) {
    wanted.MemorySwap = spec.MemorySwap ?? 2 * spec.Memory;
    names.add('Memory').add('MemorySwap');
  }
  return Object.fromEntries([...names].map((name) => [name, wanted[name]]));
}

function endpoints(
  spec: ContainerSpec,
  found: ActualContainer,
  actual: ActualSite,
  newNetworks: ReadonlySet<string>,
): Pick<Assessment, 'connect' | 'disconnect'> {
  const connect: Assessment['connect'] = [];
  const disconnect: Assessment['disconnect'] = [];
  if (!spec.Networks) return { connect, disconnect };

  const wanted = spec.Networks;
  const seen = new Set<string>();
  for (const { network, kind, text } of endpointDifferences(wanted, found.spec.Networks, spec.Hostname)) {
    seen.add(network);
    if (kind !== 'missing') disconnect.push({ network, reason: text });
    if (kind !== 'extra') connect.push({ network, endpoint: own(wanted, network) ?? {}, reason: text });
  }
  for (const [network, endpoint] of Object.entries(wanted)) {
    if (seen.has(network) || !leadsNowhere(network, found, actual, newNetworks)) continue;
    const reason = `${network} is another network than the one it was connected to`;
    disconnect.push({ network, reason });
    connect.push({ network, endpoint, reason });
  }
  return { connect, disconnect };
}

/** A network that was deleted and made again has another ID than the one in the endpoint. Podman answers with the name, which tells nothing. */
function leadsNowhere(
  network: string,
  found: ActualContainer,
  actual: ActualSite,
  newNetworks: ReadonlySet<string>,
): boolean {
  if (!own(found.spec.Networks, network)) return false;
  if (newNetworks.has(network)) return true;
  const was = own(found.networkIds, network);
  const is = own(actual.networks, network)?.id;
  return Boolean(was && is && was !== network && was !== is);
}
