import type { ContainerListItem } from '../../container/engine-api.ts';
import { type Neighbours, readImageConfig } from '../../container/from-api.ts';
import { sameReference } from '../../container/image-reference.ts';
import type { ReadLabels } from '../../container/labels/labels.ts';
import { EngineError, type Problem } from '../../lib/errors.ts';
import { own } from '../../lib/maps/own.ts';
import { mapBounded } from '../../lib/semaphore.ts';
import { byCodeUnit } from '../../lib/text/by-code-unit.ts';
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
import { decodeContainer, decodeNetwork, decodeVolume, nameOf, printOf } from './decode.ts';
import { createObserveQueue } from './observe-queue.ts';
import {
  composedOf,
  decidingImages,
  foreignNames,
  type ImageLabels,
  recognise,
  stacksOf,
  strangersOn,
} from './recognise.ts';

/** Inspects at the same time. */
const CONCURRENCY = 8;

/**
 * Remembers the state of a site between observations. While events tell of every change (`trusted`), an observation lists the containers once
 * and inspects those that are new, whose list item changed, or that were touched. It reads networks, volumes and images again only after
 * one of their kind was touched. Without trust it remembers nothing.
 */
export interface View {
  facts(): Promise<EngineFacts>;
  /** Keeps the promise of Engine.observe. Observations queue up: each one sees everything that was done before it began. */
  observe(need: Need): Promise<ActualSite>;
  /** Keeps the promise of Engine.stacks. */
  stacks(): Promise<Record<string, string[]>>;
  /** Something happened to this container: inspect it next time. */
  touchContainer(id: string): void;
  touch(kind: 'networks' | 'volumes' | 'images'): void;
  /** Read everything again next time. */
  forget(): void;
  /** True if events tell of every change from now on. */
  trust(trusted: boolean): void;

  /** The app of a container, as far as it is remembered: some events do not tell. */
  appOfContainer(id: string): string | undefined;
  /** Apps that adopt containers of `docker compose`, as of the last observation. */
  adopting(): ReadonlySet<string>;
  networkById(id: string): ActualNetwork | undefined;
  volumeByName(name: string): ActualVolume | undefined;
  imageId(reference: string): string | undefined;
  /** True if an image was asked for or is in use, as far as it is remembered. */
  usesImage(referenceOrId: string): boolean;
}

interface Known {
  print: string;
  /** undefined if it vanished. */
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
  /** Counts how often the view forgot, so that an observation under way does not bring old state back. */
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
      // The labels of its image decide who owns a container.
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

  /** undefined if it vanished since it was listed. */
  async function inspect(id: string, labels: ReadLabels, neighbours: Neighbours): Promise<ActualContainer | undefined> {
    try {
      return decodeContainer(await api.inspectContainer(id), labels, neighbours);
    } catch (error) {
      if (error instanceof EngineError && error.kind === 'notFound') return undefined;
      throw error;
    }
  }

  /** If something changes while it is read, it is read again next time. */
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
      // Old engines allow two networks of one name: then ours counts.
      if (!own(found, body.Name) || network.owner?.site === site) found[body.Name] = network;
    }
    networks = found;
  }

  async function readVolumes(): Promise<void> {
    volumes = Object.fromEntries((await api.listVolumes()).map((body) => [body.Name, decodeVolume(body)]));
  }

  const imageLabels: ImageLabels = (id) => images.get(id)?.config.Labels;

  /** Images that were asked for, by reference, and those of containers, by ID. A container's image that cannot be inspected counts as gone. */
  async function readImages(need: Need, ids: readonly string[], began: number): Promise<void> {
    if (stale.images) images.clear();
    stale.images = false;
    const wanted = new Set([...need.images, ...ids]);
    // A caller that asks for no images still needs those from before.
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

  return {
    facts: readFacts,
    observe: createObserveQueue(look),
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

/** A spec names a joined container by its name or service: when that changes, the container is inspected again. */
function namesAround(container: ActualContainer | undefined, listed: ContainerListItem[]): string {
  const { NetworkMode = '', PidMode = '', IpcMode = '', VolumesFrom = [] } = container?.spec ?? {};
  if (!/^(container|service):/m.test([NetworkMode, PidMode, IpcMode, ...VolumesFrom].join('\n'))) return '';
  return JSON.stringify(listed.map((item) => [item.Id, nameOf(item)]).sort());
}

const byIdentity = (a: ActualContainer, b: ActualContainer): number =>
  byCodeUnit(a.identity.app, b.identity.app) ||
  byCodeUnit(a.identity.service, b.identity.service) ||
  a.identity.number - b.identity.number ||
  byCodeUnit(a.id, b.id);
