import type { ContainerListItem } from '../../container/engine-api.ts';
import { type Neighbours, readImageConfig } from '../../container/from-api.ts';
import type { ReadLabels } from '../../container/labels/labels.ts';
import { EngineError, type Problem } from '../../lib/errors.ts';
import { own } from '../../lib/own.ts';
import type {
  ActualContainer,
  ActualImage,
  ActualNetwork,
  ActualSite,
  ActualVolume,
  EngineFacts,
} from '../../model/state.ts';
import type { EngineApi } from '../api.ts';
import type { Need } from '../engine.ts';
import { sameReference } from '../image-reference.ts';
import { mapBounded } from './bounded.ts';
import { decodeContainer, decodeNetwork, decodeVolume, nameOf, printOf } from './decode.ts';
import {
  composedOf,
  decidingImages,
  foreignNames,
  type ImageLabels,
  recognise,
  stacksOf,
  strangersOn,
} from './recognise.ts';

/** Inspects at once. */
const CONCURRENCY = 8;

/**
 * What a site runs, remembered between observations. While events tell of every change (`trusted`), an observation lists the containers once
 * and inspects those that are new, whose line changed, or that were touched; networks, volumes and images are asked for again only when
 * one of their kind was touched. Untrusted, nothing is remembered.
 */
export interface View {
  facts(): Promise<EngineFacts>;
  /** What Engine.observe promises. Observations queue up: what was done before one began is in it. */
  observe(need: Need): Promise<ActualSite>;
  /** What Engine.stacks promises. */
  stacks(): Promise<Record<string, string[]>>;
  /** Something happened to this container: inspect it next time. */
  touchContainer(id: string): void;
  touch(kind: 'networks' | 'volumes' | 'images'): void;
  /** Believe nothing next time. */
  forget(): void;
  /** Whether events tell of every change from now on. */
  trust(trusted: boolean): void;

  /** From memory, for events that say little. */
  appOfContainer(id: string): string | undefined;
  /** Apps whose containers are ours when `docker compose` made them, as of the last observation. */
  adopting(): ReadonlySet<string>;
  networkById(id: string): ActualNetwork | undefined;
  volumeByName(name: string): ActualVolume | undefined;
  imageId(reference: string): string | undefined;
  /** Whether an image is asked for by reference or runs, as far as is remembered. */
  usesImage(referenceOrId: string): boolean;
}

interface Known {
  print: string;
  /** undefined when it vanished, or nothing can be made of it. */
  container: ActualContainer | undefined;
}

export function createView(api: EngineApi, site: string): View {
  const containers = new Map<string, Known>();
  const images = new Map<string, ActualImage | undefined>();
  const touched = new Set<string>();
  const stale = { networks: true, volumes: true, images: true };
  let networks: Record<string, ActualNetwork> = {};
  let volumes: Record<string, ActualVolume> = {};
  let facts: Promise<EngineFacts> | undefined;
  let adopting: ReadonlySet<string> = new Set();
  let trusted = false;
  /** Counts what was forgotten, so that an observation under way does not bring it back. */
  let epoch = 0;

  const forgetSite = (): void => {
    epoch += 1;
    containers.clear();
    images.clear();
    touched.clear();
    stale.networks = stale.volumes = stale.images = true;
  };

  const forget = (): void => {
    forgetSite();
    facts = undefined;
  };

  const readFacts = (): Promise<EngineFacts> => {
    if (!facts) {
      const asked = api.facts();
      facts = asked;
      asked.catch(() => {
        if (facts === asked) facts = undefined;
      });
    }
    return facts;
  };

  async function look(need: Need): Promise<ActualSite> {
    if (!trusted) forgetSite();
    const began = epoch;
    const dirty = new Set(touched);
    touched.clear();
    try {
      const engine = await readFacts();
      if (engine.can.quirks.includes('hidesNetworkEvents')) stale.networks = true;
      const listed = await api.listContainers();
      const problems: Problem[] = [];
      if (need.adopt) adopting = new Set(need.adopt);
      // Whose a container is depends on what its image brings.
      const deciding = decidingImages(listed, site);
      await readImages(need, deciding, began);
      const ours = recognise(listed, site, adopting, imageLabels, problems);
      const composed = composedOf(listed, ours, imageLabels);
      const [found] = await Promise.all([
        inspectChanged(listed, ours, dirty, began),
        refresh('networks', readNetworks, began),
        refresh('volumes', readVolumes, began),
      ]);
      await readImages(need, [...deciding, ...found.map(({ imageId }) => imageId)], began);
      return {
        engine,
        containers: found,
        foreignNames: foreignNames(listed, ours),
        strangersOn: strangersOn(listed, ours),
        ...(composed.length > 0 && { composed }),
        networks,
        volumes,
        images: Object.fromEntries([...images].flatMap(([key, image]) => (image ? [[key, image] as const] : []))),
        files: {},
        problems,
      };
    } catch (error) {
      for (const id of dirty) touched.add(id);
      throw error;
    }
  }

  async function inspectChanged(
    listed: ContainerListItem[],
    ours: Map<string, ReadLabels>,
    dirty: Set<string>,
    began: number,
  ): Promise<ActualContainer[]> {
    const present = new Set(listed.map(({ Id }) => Id));
    for (const id of containers.keys()) if (!present.has(id)) containers.delete(id);

    const neighbours = (of: ReadLabels): Neighbours => ({
      nameOf: (id) => listed.filter(({ Id }) => Id === id).map(nameOf)[0],
      serviceOf: (id) => {
        const identity = ours.get(id)?.identity;
        return identity?.app === of.identity.app ? identity.service : undefined;
      },
    });
    const found = await mapBounded(listed, CONCURRENCY, async (item) => {
      const labels = ours.get(item.Id);
      if (!labels) return undefined;
      const known = containers.get(item.Id);
      const print = `${printOf(item)} ${namesAround(known?.container, listed)}`;
      if (known && known.print === print && !dirty.has(item.Id)) return known.container;
      const container = await inspect(item.Id, labels, neighbours(labels));
      if (epoch === began)
        containers.set(item.Id, { print: `${printOf(item)} ${namesAround(container, listed)}`, container });
      return container;
    });
    return found.filter((container) => container !== undefined).sort(byIdentity);
  }

  /** undefined when it vanished since it was listed. */
  async function inspect(id: string, labels: ReadLabels, neighbours: Neighbours): Promise<ActualContainer | undefined> {
    try {
      return decodeContainer(await api.inspectContainer(id), labels, neighbours);
    } catch (error) {
      if (error instanceof EngineError && error.kind === 'notFound') return undefined;
      throw error;
    }
  }

  /** What changes while it is read is read again next time. */
  async function refresh(kind: 'networks' | 'volumes', read: () => Promise<void>, began: number): Promise<void> {
    if (!stale[kind]) return;
    stale[kind] = false;
    try {
      await read();
      if (epoch !== began) stale[kind] = true;
    } catch (error) {
      stale[kind] = true;
      throw error;
    }
  }

  async function readNetworks(): Promise<void> {
    const found: Record<string, ActualNetwork> = {};
    for (const body of await api.listNetworks()) {
      const network = decodeNetwork(body);
      // Old engines allow two networks of one name: ours is meant.
      if (!own(found, body.Name) || network.owner?.site === site) found[body.Name] = network;
    }
    networks = found;
  }

  async function readVolumes(): Promise<void> {
    volumes = Object.fromEntries((await api.listVolumes()).map((body) => [body.Name, decodeVolume(body)]));
  }

  const imageLabels: ImageLabels = (id) => images.get(id)?.config.Labels;

  /** Those asked for, by reference, and those of containers, by ID. One of a container that cannot be inspected is as good as gone. */
  async function readImages(need: Need, ids: readonly string[], began: number): Promise<void> {
    if (stale.images) images.clear();
    stale.images = false;
    const wanted = new Set([...need.images, ...ids]);
    // Whoever looks only at containers says nothing of what images are needed.
    if (need.images.length > 0) for (const key of images.keys()) if (!wanted.has(key)) images.delete(key);
    try {
      await mapBounded(
        [...wanted].filter((key) => !images.has(key)),
        CONCURRENCY,
        async (key) => {
          const image = await api.inspectImage(key).catch((error: unknown) => {
            const isLost = error instanceof EngineError && error.kind !== 'unreachable' && error.kind !== 'aborted';
            if (need.images.includes(key) || !isLost) throw error;
            return undefined;
          });
          images.set(key, image && { id: image.Id, config: readImageConfig(image.Config) });
        },
      );
    } catch (error) {
      stale.images = true;
      throw error;
    } finally {
      if (epoch !== began) stale.images = true;
    }
  }

  let current: Promise<unknown> = Promise.resolve();
  let queued: { images: Set<string>; adopt: Need['adopt']; result: Promise<ActualSite> } | undefined;

  return {
    facts: readFacts,
    observe(need) {
      if (queued) {
        for (const image of need.images) queued.images.add(image);
        queued.adopt = need.adopt ?? queued.adopt;
        return queued.result;
      }
      const next = { images: new Set(need.images), adopt: need.adopt };
      const result = current.then(() => {
        queued = undefined;
        return look({ images: [...next.images], ...(next.adopt && { adopt: next.adopt }) });
      });
      queued = Object.assign(next, { result });
      current = result.catch(() => undefined);
      return result;
    },
    async stacks() {
      const listed = await api.listContainers();
      await readImages({ images: [] }, decidingImages(listed, site), epoch);
      return stacksOf(listed, site, imageLabels);
    },
    touchContainer: (id) => void touched.add(id),
    touch: (kind) => {
      stale[kind] = true;
    },
    forget,
    trust: (value) => {
      trusted = value;
      forget();
    },
    adopting: () => adopting,
    appOfContainer: (id) => containers.get(id)?.container?.identity.app,
    networkById: (id) => Object.values(networks).find((network) => network.id === id),
    volumeByName: (name) => own(volumes, name),
    imageId: (reference) => images.get(reference)?.id,
    usesImage: (name) => {
      const used = [...images.keys(), ...[...images.values()].map((image) => image?.id ?? '')];
      return used.some((each) => each === name || each === `sha256:${name}` || sameReference(each, name));
    },
  };
}

/** A joined namespace is known by a name or a service of another container: when that changes, so does what is known. */
function namesAround(container: ActualContainer | undefined, listed: ContainerListItem[]): string {
  const { NetworkMode = '', PidMode = '', IpcMode = '', VolumesFrom = [] } = container?.spec ?? {};
  if (!/^(container|service):/m.test([NetworkMode, PidMode, IpcMode, ...VolumesFrom].join('\n'))) return '';
  return JSON.stringify(listed.map((item) => [item.Id, nameOf(item)]).sort());
}

const byIdentity = (a: ActualContainer, b: ActualContainer): number =>
  a.identity.app.localeCompare(b.identity.app, 'en') ||
  a.identity.service.localeCompare(b.identity.service, 'en') ||
  a.identity.number - b.identity.number ||
  (a.id < b.id ? -1 : 1);
