import Docker from 'dockerode';
import type {
  ContainerInspect,
  ContainerListItem,
  ImageInspect,
  NetworkBody,
  VolumeBody,
} from '../../container/engine-api.ts';
import { connectedEndpoints } from '../../container/networks.ts';
import { EngineError } from '../../lib/errors.ts';
import type { EngineFacts } from '../../model/state.ts';
import { registryAuth } from '../../net/credentials/registry-auth.ts';
import type { EngineApi } from '../api.ts';
import { factsOf, type InfoAnswer, NEWEST_API, negotiate } from '../dialects/capabilities.ts';
import type { Dialect, VersionAnswer } from '../dialects/dialect.ts';
import { dialectOf } from '../dialects/dialects.ts';
import { parseImageReference } from '../image-reference.ts';
import { type Caller, createCaller, type Request } from './call.ts';
import type { Connection, Environment } from './connection.ts';
import { execInContainer } from './exec.ts';
import { readLastOutput } from './output.ts';
import { readEvents, readPull } from './streams.ts';

interface Session {
  caller: Caller;
  dialect: Dialect;
  facts: EngineFacts;
}

/** An engine that speaks Docker's API behind the EngineApi. `environment` tells where registry credentials are. */
export function dockerApi(connection: Connection, environment: Environment): EngineApi {
  // Never with an http.Agent: docker-modem prints its options, agent and all, at every request.
  const docker = new Docker(connection.options);
  const closed = new AbortController();
  const caller = createCaller(docker, connection, closed.signal);
  let session: Promise<Session> | undefined;

  /** Agrees on a version of the API, once until facts() asks anew. */
  const open = (): Promise<Session> => {
    session ??= connect().catch((error) => {
      session = undefined;
      throw error;
    });
    return session;
  };

  async function connect(): Promise<Session> {
    const modem = docker.modem as { version?: string | undefined };
    modem.version = undefined;
    const version = await caller.json<VersionAnswer>({ call: 'read', method: 'GET', path: '/version' });
    if (typeof version?.ApiVersion !== 'string') {
      throw new EngineError('unreachable', `what answers at ${connection.where} is no container engine`);
    }
    const spoken = negotiate(version);
    if (!spoken) {
      throw new EngineError(
        'unsupported',
        `the container engine at ${connection.where} (${version.Version}) speaks no version of its API before ${version.MinAPIVersion}; Holdfast speaks up to ${NEWEST_API}`,
      );
    }
    modem.version = `v${spoken}`;
    const info = await caller.json<InfoAnswer>({ call: 'read', method: 'GET', path: '/info' });
    return { caller, dialect: dialectOf(version), facts: factsOf(version, info, spoken) };
  }

  const get = async <Answer>(path: string, query?: Request['query']): Promise<Answer> => {
    await open();
    return caller.json<Answer>({ call: 'read', method: 'GET', path, ...(query && { query }) });
  };
  const act = async <Answer = void>(request: Request): Promise<Answer> => {
    await open();
    return caller.json<Answer>(request);
  };
  const at = (id: string): string => `/containers/${encodeURIComponent(id)}`;

  const inspectContainer = async (id: string): Promise<ContainerInspect> => {
    const found = await get<ContainerInspect>(`${at(id)}/json`);
    return (await open()).dialect.fromInspect(found);
  };

  const inspectImage = (reference: string): Promise<ImageInspect | undefined> =>
    get<ImageInspect | undefined>(`/images/${reference}/json`).catch((error: unknown) => {
      if (error instanceof EngineError && error.kind === 'notFound') return undefined;
      throw error;
    });

  const disconnectNetwork = async (network: string, container: string): Promise<void> => {
    const path = `/networks/${encodeURIComponent(network)}/disconnect`;
    await act<void>({ call: 'disconnect', method: 'POST', path, body: { Container: container } }).catch(
      (error: unknown) => {
        const isOff =
          error instanceof EngineError &&
          /is not connected to|network .*not found|network not found/i.test(error.message);
        if (!isOff) throw error;
      },
    );
  };

  const networks = (): Promise<NetworkBody[]> => get<NetworkBody[]>('/networks');

  return {
    async facts() {
      session = undefined;
      return (await open()).facts;
    },

    async listContainers() {
      const found = await get<ContainerListItem[]>('/containers/json', { all: true });
      return found.map((await open()).dialect.fromListItem);
    },
    inspectContainer,
    async createContainer(name, body, platform) {
      const { dialect } = await open();
      const imageCommand = async () => (await inspectImage(body.Image ?? ''))?.Config?.Cmd;
      const { Id, Warnings } = await act<{ Id: string; Warnings?: string[] | null }>({
        call: 'create',
        method: 'POST',
        path: '/containers/create',
        query: { name, platform },
        body: await dialect.toCreate(body, imageCommand),
      });
      return { id: Id, warnings: Warnings ?? [] };
    },
    startContainer: (id) => act({ call: 'start', method: 'POST', path: `${at(id)}/start` }),
    stopContainer: (id, timeout) =>
      act({
        call: 'stop',
        method: 'POST',
        path: `${at(id)}/stop`,
        query: { t: timeout },
        deadline: ((timeout ?? 3600) + 120) * 1000,
      }),
    unpauseContainer: (id) =>
      act({ call: 'unpause', method: 'POST', path: `${at(id)}/unpause` }).catch(unlessItSays(/is not paused/)),
    renameContainer: (id, name) =>
      act({ call: 'rename', method: 'POST', path: `${at(id)}/rename`, query: { name } }).catch(
        unlessItSays(/same name as its current/),
      ),
    removeContainer: (id, force) =>
      act({ call: 'remove', method: 'DELETE', path: at(id), query: { force } })
        .catch(unlessItSays(/removal of container .* already in progress/))
        .catch(unlessGone),
    async updateContainer(id, changes) {
      const { facts } = await open();
      if (!facts.can.update) throw new EngineError('unsupported', 'this engine cannot change a container in place');
      await act({ call: 'update', method: 'POST', path: `${at(id)}/update`, body: changes });
    },
    putArchive: (id, tar) =>
      act({ call: 'archive', method: 'PUT', path: `${at(id)}/archive`, query: { path: '/' }, file: tar }),

    async exec(id, body) {
      await open();
      return execInContainer(caller, id, body);
    },

    async lastOutput(id) {
      const { Config } = await inspectContainer(id);
      return readLastOutput(caller, at(id), Config.Tty === true);
    },

    async listNetworks() {
      const found = await networks();
      return found.map((await open()).dialect.fromNetwork);
    },
    async createNetwork(body) {
      const { Id } = await act<{ Id: string }>({ call: 'create', method: 'POST', path: '/networks/create', body });
      return Id;
    },
    async removeNetwork(id) {
      const reference = await (await open()).dialect.networkReference(id, networks);
      if (reference === undefined) return;
      await act({ call: 'remove', method: 'DELETE', path: `/networks/${encodeURIComponent(reference)}` }).catch(
        unlessGone,
      );
    },
    async connectNetwork(network, container, endpoint) {
      const path = `/networks/${encodeURIComponent(network)}/connect`;
      await act({
        call: 'connect',
        method: 'POST',
        path,
        body: { Container: container, EndpointConfig: endpoint },
      }).catch(async (error: unknown) => {
        const isKnown = error instanceof EngineError && /already (exists|connected)/.test(error.message);
        const { can } = (await open()).facts;
        if (!isKnown && can.quirks.includes('keepsRefusedConnections'))
          await disconnectNetwork(network, container).catch(() => undefined);
        if (!isKnown) throw error;
        // The name of the endpoint is the container's; it may be another container's that had the name before.
        const connected = connectedEndpoints(await inspectContainer(container));
        if (!connected.some(([name]) => name === network)) throw error;
      });
    },
    disconnectNetwork,

    listVolumes: async () => (await get<{ Volumes?: VolumeBody[] | null }>('/volumes')).Volumes ?? [],
    createVolume: (body) => act({ call: 'create', method: 'POST', path: '/volumes/create', body }),
    removeVolume: (name) =>
      act({ call: 'remove', method: 'DELETE', path: `/volumes/${encodeURIComponent(name)}` }).catch(unlessGone),

    inspectImage,
    async pullImage(reference, options) {
      const { dialect } = await open();
      const parsed = parseImageReference(reference);
      const auth = await registryAuth(
        parsed.registry,
        environment,
        (sentence, more) => new EngineError('pullFailed', sentence, more),
      );
      const stream = await caller.stream({
        call: 'pull',
        method: 'POST',
        path: '/images/create',
        query: {
          fromImage: dialect.pullReference(parsed),
          tag: parsed.tag,
          platform: options.platform,
        },
        auth,
        signal: options.signal,
      });
      await readPull(stream, options, connection.where);
    },

    async events(listener, signal) {
      const ended = AbortSignal.any([signal, closed.signal]);
      try {
        await open();
        const query = { filters: JSON.stringify({ type: ['container', 'network', 'volume', 'image'] }) };
        const stream = await caller.stream({ call: 'events', method: 'GET', path: '/events', query, signal: ended });
        await readEvents(stream, listener, ended, connection.where);
      } catch (error) {
        if (!ended.aborted) throw error;
      }
    },

    close() {
      closed.abort();
      connection.close();
    },
  };
}

/** To remove what is gone has been done already. */
function unlessGone(error: unknown): void {
  if (!(error instanceof EngineError) || error.kind !== 'notFound') throw error;
}

/** Takes an error for the success that its words amount to. */
const unlessItSays =
  (words: RegExp) =>
  (error: unknown): void => {
    if (!(error instanceof EngineError) || !words.test(error.message)) throw error;
  };
