import type { IncomingMessage } from 'node:http';
import type { Readable } from 'node:stream';
import type Docker from 'dockerode';
import type {
  ContainerInspect,
  ContainerListItem,
  ImageInspect,
  NetworkBody,
  VolumeBody,
} from '../../container/engine-api.ts';
import { parseImageReference } from '../../container/image-reference.ts';
import { connectedEndpoints } from '../../container/networks.ts';
import { EngineError } from '../../lib/errors.ts';
import type { EngineFacts } from '../../model/state.ts';
import { registryAuth } from '../../net/credentials/registry-auth.ts';
import type { EngineApi } from '../api.ts';
import { factsOf, type InfoAnswer, NEWEST_API, negotiate } from '../dialects/capabilities.ts';
import type { Dialect, VersionAnswer } from '../dialects/dialect.ts';
import { dialectOf } from '../dialects/dialects.ts';
import { type Caller, createCaller } from './call.ts';
import type { Connection, Environment } from './connection.ts';
import type { EarlyAnswers } from './early-answers.ts';
import { execInContainer } from './exec.ts';
import type { Dockerode, Modem } from './modem.ts';
import { LAST_LINES, readLastOutput } from './output.ts';
import { readEvents, readPull } from './streams.ts';

interface Session {
  dialect: Dialect;
  facts: EngineFacts;
}

/**
 * An engine that speaks Docker's API, called by dockerode. `environment` tells where registry credentials are. dockerode puts names and IDs into
 * paths as they are, and sends some bodies in the query as well: so names are encoded here, and those calls set `_query` and `_body`.
 * The first read of each path takes its early answer, if there is one. `early` is closed with the engine.
 */
export function dockerApi(connection: Connection, environment: Environment, early?: EarlyAnswers): EngineApi {
  const closed = new AbortController();
  const caller = createCaller(connection, closed.signal, openDocker);
  let opened: Promise<Dockerode> | undefined;
  let session: Promise<Session> | undefined;
  /** The API's version in every path, `v1.41`; undefined for none. */
  let version: string | undefined;

  /** dockerode is heavy, and a plan that early answers suffice for does without it: so the first call loads it. */
  async function openDocker(): Promise<Dockerode> {
    opened ??= import('./modem.ts').then((modem) => modem.openDocker(connection.options));
    const docker = await opened;
    docker.modem.version = version;
    return docker;
  }

  /** Agrees on a version of the API. It does so once, until facts() is called. */
  const open = (): Promise<Session> => {
    session ??= connect().catch((error) => {
      session = undefined;
      throw error;
    });
    return session;
  };

  const get = async <Answer>(path: string, work: Parameters<Caller['read']>[0]): Promise<Answer> =>
    ((await early?.take(path)) as Answer | undefined) ?? caller.read<Answer>(work);

  async function connect(): Promise<Session> {
    version = undefined;
    const answer = await get<VersionAnswer | undefined>('/version', (docker, passed) => docker.version(passed));
    if (typeof answer?.ApiVersion !== 'string') {
      throw new EngineError('unreachable', `the program that answers at ${connection.where} is not a container engine`);
    }
    const spoken = negotiate(answer);
    if (!spoken) {
      throw new EngineError(
        'unsupported',
        `the container engine at ${connection.where} (${answer.Version}) speaks no version of its API before ${answer.MinAPIVersion}; Holdfast speaks up to ${NEWEST_API}`,
      );
    }
    version = `v${spoken}`;
    const dialect = dialectOf(answer);
    // Early questions name no version, so they are of the engine's newest one.
    const { quirks } = dialect.capabilities(spoken);
    if (quirks.includes('readsUnversionedPaths') || spoken !== answer.ApiVersion) early?.close();
    const info = await get<InfoAnswer>('/info', (docker, passed) => docker.info(passed));
    return { dialect, facts: factsOf(answer, info, spoken) };
  }

  const read = async <Answer>(path: string, work: Parameters<Caller['read']>[0]): Promise<Answer> => {
    await open();
    return get(path, work);
  };
  const act: Caller['act'] = async (call, work, options) => {
    await open();
    return caller.act(call, work, options);
  };

  const inspectContainer = async (id: string): Promise<ContainerInspect> => {
    const found = await read<ContainerInspect>(`/containers/${id}/json`, (docker, passed) =>
      container(docker, id).inspect(passed),
    );
    return (await open()).dialect.fromInspect(found);
  };

  const inspectImage = (reference: string): Promise<ImageInspect | undefined> =>
    read<ImageInspect | undefined>(`/images/${reference}/json`, (docker, passed) =>
      docker.getImage(reference).inspect(passed),
    ).catch((error: unknown) => {
      if (error instanceof EngineError && error.kind === 'notFound') return undefined;
      throw error;
    });

  const networks = (): Promise<NetworkBody[]> => read('/networks', (docker, passed) => docker.listNetworks(passed));

  const disconnectNetwork = (name: string, id: string): Promise<void> =>
    act('disconnect', (docker, passed) => network(docker, name).disconnect({ Container: id, ...passed })).catch(
      unlessItSays(/is not connected to|network .*not found|network not found/i),
    );

  return {
    async facts() {
      session = undefined;
      return (await open()).facts;
    },

    async listContainers() {
      const found = await read<ContainerListItem[]>('/containers/json?all=true', (docker, passed) =>
        docker.listContainers({ all: true, ...passed }),
      );
      return found.map((await open()).dialect.fromListItem);
    },
    inspectContainer,
    async createContainer(name, body, platform) {
      const { dialect } = await open();
      const imageCommand = async () => (await inspectImage(body.Image ?? ''))?.Config?.Cmd;
      const sent = await dialect.toCreate(body, imageCommand);
      // docker.createContainer() drops the warnings of the answer.
      const { Id, Warnings } = await act<{ Id: string; Warnings?: string[] | null }>('create', (docker, passed) =>
        answerOf(docker, {
          path: '/containers/create?',
          method: 'POST',
          options: { _query: { name, ...(platform && { platform }) }, _body: sent },
          ...passed,
        }),
      );
      return { id: Id, warnings: Warnings ?? [] };
    },
    startContainer: (id) => act('start', (docker, passed) => container(docker, id).start(passed)),
    stopContainer: (id, timeout) =>
      act(
        'stop',
        (docker, passed) => container(docker, id).stop({ ...(timeout !== undefined && { t: timeout }), ...passed }),
        { deadline: ((timeout ?? 3600) + 120) * 1000 },
      ),
    unpauseContainer: (id) =>
      act('unpause', (docker, passed) => container(docker, id).unpause(passed)).catch(unlessItSays(/is not paused/)),
    renameContainer: (id, name) =>
      act('rename', (docker, passed) => container(docker, id).rename({ name, ...passed })).catch(
        unlessItSays(/same name as its current/),
      ),
    removeContainer: (id, force) =>
      act('remove', (docker, passed) => container(docker, id).remove({ force, ...passed }))
        .catch(unlessItSays(/removal of container .* already in progress/))
        .catch(unlessGone),
    async updateContainer(id, changes) {
      const { facts } = await open();
      if (!facts.can.update) throw new EngineError('unsupported', 'this engine cannot change a container in place');
      await act('update', (docker, passed) => container(docker, id).update({ ...changes, ...passed }));
    },
    putArchive: (id, { buffer, byteOffset, byteLength }) =>
      act('archive', (docker, passed) =>
        container(docker, id).putArchive(Buffer.from(buffer, byteOffset, byteLength), { path: '/', ...passed }),
      ),

    async exec(id, body) {
      await open();
      return execInContainer(caller, id, body);
    },

    async lastOutput(id) {
      const { Config } = await inspectContainer(id);
      const asked = { follow: false, stdout: true, stderr: true, tail: LAST_LINES } as const;
      const stream = await read<Readable>(`/containers/${id}/logs`, (docker, passed) =>
        container(docker, id).logs({ ...asked, ...passed }),
      );
      return readLastOutput(stream, Config.Tty === true);
    },

    async listNetworks() {
      const found = await networks();
      return found.map((await open()).dialect.fromNetwork);
    },
    async createNetwork(body) {
      const made = await act<Docker.Network>('create', (docker, passed) =>
        docker.createNetwork({ ...inBody<Docker.NetworkCreateOptions>(body), ...passed }),
      );
      return made.id;
    },
    async removeNetwork(id) {
      const reference = await (await open()).dialect.networkReference(id, networks);
      if (reference === undefined) return;
      await act('remove', (docker, passed) => network(docker, reference).remove(passed)).catch(unlessGone);
    },
    async connectNetwork(name, id, endpoint) {
      const request = { Container: id, EndpointConfig: endpoint as Docker.NetworkConnectOptions['EndpointConfig'] };
      await act('connect', (docker, passed) => network(docker, name).connect({ ...request, ...passed })).catch(
        async (error: unknown) => {
          const isKnown = error instanceof EngineError && /already (exists|connected)/.test(error.message);
          const { can } = (await open()).facts;
          if (!isKnown && can.quirks.includes('keepsRefusedConnections'))
            await disconnectNetwork(name, id).catch(() => undefined);
          if (!isKnown) throw error;
          // The engine knows the endpoint by the container's name; it may belong to another container that had the name before.
          const connected = connectedEndpoints(await inspectContainer(id));
          if (!connected.some(([each]) => each === name)) throw error;
        },
      );
    },
    disconnectNetwork,

    listVolumes: async () =>
      (await read<{ Volumes?: VolumeBody[] | null }>('/volumes', (docker, passed) => docker.listVolumes(passed)))
        .Volumes ?? [],
    createVolume: (body) =>
      act('create', (docker, passed) =>
        docker.createVolume({ ...inBody<Docker.VolumeCreateOptions>(body), ...passed }),
      ),
    removeVolume: (name) =>
      act('remove', (docker, passed) => docker.getVolume(encodeURIComponent(name)).remove(passed)).catch(unlessGone),

    inspectImage,
    async pullImage(reference, { platform, signal }) {
      const { dialect } = await open();
      const parsed = parseImageReference(reference);
      const auth = await registryAuth(
        parsed.registry,
        environment,
        (sentence, more) => new EngineError('pullFailed', sentence, more),
      );
      const asked = { fromImage: dialect.pullReference(parsed), tag: parsed.tag, ...(platform && { platform }) };
      const stream = await act<IncomingMessage>(
        'pull',
        (docker, passed) => docker.createImage(auth ?? {}, { ...asked, ...passed }),
        { signal },
      );
      await readPull(stream, signal, connection.where);
    },

    async events(listener, signal) {
      const ended = AbortSignal.any([signal, closed.signal]);
      try {
        const filters: Docker.GetEventsOptions['filters'] = { type: ['container', 'network', 'volume', 'image'] };
        const stream = await act<IncomingMessage>(
          'events',
          (docker, passed) => docker.getEvents({ filters, ...passed }),
          { signal: ended },
        );
        await readEvents(stream, listener, ended, connection.where);
      } catch (error) {
        if (!ended.aborted) throw error;
      }
    },

    close() {
      closed.abort();
      early?.close();
      connection.close();
    },
  };
}

/** Options that dockerode sends in the body alone, and not in the query as well. */
const inBody = <Options>(body: object): Options => ({ _query: {}, _body: body }) as Options;

const container = (docker: Dockerode, id: string): Docker.Container => docker.getContainer(encodeURIComponent(id));

const network = (docker: Dockerode, id: string): Docker.Network => docker.getNetwork(encodeURIComponent(id));

const answerOf = ({ modem }: Dockerode, request: Parameters<Modem['dial']>[0]): Promise<unknown> =>
  new Promise((resolve, reject) => {
    modem.dial(request, (error, answer) => (error ? reject(error) : resolve(answer)));
  });

/** A container that is gone counts as removed. */
function unlessGone(error: unknown): void {
  if (!(error instanceof EngineError) || error.kind !== 'notFound') throw error;
}

/** Takes an error with these words as a success. */
const unlessItSays =
  (words: RegExp) =>
  (error: unknown): void => {
    if (!(error instanceof EngineError) || !words.test(error.message)) throw error;
  };
