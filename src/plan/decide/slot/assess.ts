import { differences, endpointDifferences } from '../../../container/compare.ts';
import { withOwned } from '../../../container/ignore.ts';
import { asIfAsked } from '../../../container/labels/asked.ts';
import { compareFiles } from '../../../container/labels/files-digest.ts';
import { containerHash, contentDigest, hooksDigest } from '../../../container/labels/hash.ts';
import { own } from '../../../lib/maps/own.ts';
import type { FieldChange, FieldDifference } from '../../../model/plan.ts';
import type { ContainerSpec, EndpointSpec } from '../../../model/spec.ts';
import type { ActualContainer, ActualSite, DesiredContainer } from '../../../model/state.ts';

/** The differences of one container from the wanted state of its slot. They do not say if it runs. */
export interface Assessment {
  container: ActualContainer;
  /** The spec that Git asks for, with the fields that the site owns as they are. */
  asked: ContainerSpec;
  /** The fields for which only a new container will do, as people call them. */
  fields: string[];
  /** All differences as data: those for which only a new container will do, and those that are put right in place. */
  changed: FieldChange[];
  /** The reasons for a new container, in words; empty: this one is right, or can be made so in place. */
  replace: string[];
  /** The changes that the engine makes in place, and why. */
  update: { changes: Partial<ContainerSpec>; reasons: string[]; fields: FieldChange[] } | undefined;
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
  const hidden = [...(wanted.hidden ?? []), ...(found.hidden ?? [])];
  const fields = differences(asked, comparable, image, can, hidden);
  const inPlace = fields.filter((difference) => can.update && isMendable(difference, asked));
  const anew = fields.filter((difference) => !inPlace.includes(difference));
  const images = imageChanges(wanted, found, actual);
  const digests = digestChanges(wanted, found);
  const replace = [
    ...images.map(({ text }) => text),
    ...anew.map((difference) => difference.text),
    ...digests.map(({ text }) => text),
    ...(found.status === 'dead' ? ['the engine calls it dead'] : []),
  ];
  return {
    container: found,
    asked,
    fields: [...images.map(() => 'image'), ...anew.map(({ label }) => label)],
    changed: [...images.map(untold), ...fields.flatMap(({ changes }) => changes), ...digests.map(untold)],
    replace,
    update:
      inPlace.length > 0
        ? {
            changes: changesOf(asked, inPlace),
            reasons: inPlace.map(({ text }) => text),
            fields: inPlace.flatMap(({ changes }) => changes),
          }
        : undefined,
    ...endpoints(wanted.spec, found, actual, newNetworks),
    madeForThis: found.specHash !== '' && found.specHash === containerHash(wanted) && digests.length === 0,
  };
}

/** An image that is no longer on the disk is no difference: its containers go on running. */
function imageChanges(wanted: DesiredContainer, found: ActualContainer, actual: ActualSite): ToldChange[] {
  const { Image } = wanted.spec;
  const image = own(actual.images, Image);
  // Podman writes the whole name where no label tells what was asked for.
  const isTheSame = found.adopted && image?.id === found.imageId;
  if (found.spec.Image !== Image && !isTheSame) {
    // A tag may have got a second name for the same image: nothing to gain from a replacement, but the reference must be what Git says.
    return [{ field: 'image', from: found.spec.Image, to: Image, text: `image: ${found.spec.Image}, wanted ${Image}` }];
  }
  if (!image || image.id === found.imageId) return [];
  const [from, to] = [short(found.imageId), short(image.id)];
  return [
    {
      field: 'image',
      from: `${Image} (${from})`,
      to: `${Image} (${to})`,
      text: `image: ${Image} is now ${to}, runs ${from}`,
    },
  ];
}

const short = (id: string): string => id.replace(/^sha256:/, '').slice(0, 12);

/** Labels that an adopted container lacks are no difference. */
function digestChanges(wanted: DesiredContainer, found: ActualContainer): ToldChange[] {
  const differs = (was: string | undefined, is: string): boolean => was !== undefined && was !== is;
  const changes: ToldChange[] = [];
  const files = found.filesDigest === undefined ? 'same' : compareFiles(found.filesDigest, wanted.filesDigest);
  if (files === 'changed') changes.push({ field: 'files', hidden: true, text: 'a file it binds changed in Git' });
  if (files === 'unknown')
    changes.push({ field: 'files', unknown: true, text: 'an encrypted file it binds changed in Git, content unknown' });
  if (differs(found.contentDigest, contentDigest(wanted.spec.Files)))
    changes.push({ field: 'configs or secrets', hidden: true, text: 'the content of a config or secret changed' });
  if (differs(found.hooksDigest, hooksDigest(wanted.hooks)))
    changes.push({ field: 'post_start', hidden: true, text: 'its post_start hooks changed in Git' });
  return changes;
}

/** A change, and the same in words. */
interface ToldChange extends FieldChange {
  text: string;
}

const untold = ({ text: _, ...change }: ToldChange): FieldChange => change;

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
