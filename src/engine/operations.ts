import { pack } from 'tar-stream';
import type { ExecBody } from '../container/engine-api.ts';
import { inheritable } from '../container/fields/mounts.ts';
import { readImageConfig } from '../container/from-api.ts';
import { containerLabels, imageRefusal, networkLabels, volumeLabels } from '../container/labels/labels.ts';
import { endpointBody, networkBody } from '../container/networks.ts';
import { present } from '../container/present.ts';
import { lacksForContainer } from '../container/requirements.ts';
import { createBody, updateBody } from '../container/to-api.ts';
import { volumeBody } from '../container/volumes.ts';
import { EngineError } from '../lib/errors.ts';
import { mapValues } from '../lib/maps/map-values.ts';
import { lastWords } from '../lib/text/last-words.ts';
import type { ContainerFile, Hook } from '../model/spec.ts';
import type { EngineApi } from './api.ts';
import type { EngineOperation, Performed, PerformOptions } from './engine.ts';
import type { View } from './observe/view.ts';

export interface OperationContext {
  api: EngineApi;
  view: View;
  site: string;
}

const DONE: Performed = { warnings: [] };

/** Carries out one operation. The next observation reads again what it touched, whether it succeeded or not. */
export async function performOperation(
  context: OperationContext,
  operation: EngineOperation,
  options: PerformOptions,
): Promise<Performed> {
  const { api, view, site } = context;
  const { resolve, app, agent } = options;
  const changing = (kind: 'networks' | 'volumes' | 'images', act: () => Promise<unknown>): Promise<Performed> =>
    around(() => view.touch(kind), act);
  switch (operation.kind) {
    case 'pullImage': {
      const { image, platform } = operation;
      return changing('images', () => api.pullImage(image, { signal: options.signal, platform }));
    }
    case 'createContainer':
      return create(context, operation, options);
    case 'createNetwork': {
      const { network, key } = operation;
      const labels = networkLabels({ site, app, key }, network, agent);
      return changing('networks', () => api.createNetwork(networkBody(network, labels)));
    }
    case 'removeNetwork':
      return changing('networks', () => api.removeNetwork(operation.networkId));
    case 'createVolume': {
      const { volume, key } = operation;
      const labels = volumeLabels({ site, app, key }, volume, agent);
      return changing('volumes', () => api.createVolume(volumeBody(volume, labels)));
    }
    case 'removeVolume':
      return changing('volumes', () => api.removeVolume(operation.name));
  }

  const id = resolve(operation.container);
  const touching = (act: () => Promise<unknown>): Promise<Performed> => around(() => view.touchContainer(id), act);
  switch (operation.kind) {
    case 'connectNetwork':
      return touching(() => api.connectNetwork(operation.network, id, endpointBody(operation.endpoint)));
    case 'disconnectNetwork':
      return touching(() => api.disconnectNetwork(operation.network, id));
    case 'copyFiles':
      return touching(async () => api.putArchive(id, await tarOf(operation.files)));
    case 'runHook':
      return runHook(api, id, operation);
    case 'updateContainer':
      return touching(() => api.updateContainer(id, updateBody(operation.changes)));
    case 'startContainer':
      return touching(() => api.startContainer(id));
    case 'stopContainer':
      return touching(() => api.stopContainer(id));
    case 'unpauseContainer':
      return touching(() => api.unpauseContainer(id));
    case 'renameContainer':
      return touching(() => api.renameContainer(id, operation.name));
    case 'removeContainer':
      return touching(() => api.removeContainer(id, operation.force));
    default:
      return operation satisfies never;
  }
}

async function around(touch: () => void, act: () => Promise<unknown>): Promise<Performed> {
  try {
    await act();
    return DONE;
  } finally {
    touch();
  }
}

/** Runs a hook. If it fails, the error quotes the end of its output. A pre_stop hook of a container that has stopped has nothing left to do. */
async function runHook(
  api: EngineApi,
  id: string,
  { phase, index, container, hook, conceals, mayFail }: EngineOperation & { kind: 'runHook' },
): Promise<Performed> {
  const failure = await api.exec(id, execBody(hook)).then(
    ({ exitCode, output }) =>
      exitCode === 0
        ? undefined
        : `${phase}[${index}] exited with ${exitCode} in ${container.name}${said(output, conceals)}`,
    (error: unknown) => {
      const isDown = error instanceof EngineError && (error.kind === 'conflict' || error.kind === 'notFound');
      if (isDown && phase === 'pre_stop') return undefined;
      if (!mayFail || !(error instanceof EngineError)) throw error;
      return `${phase}[${index}] cannot run in ${container.name}: ${error.message}`;
    },
  );
  if (failure === undefined) return DONE;
  if (mayFail) return { warnings: [failure] };
  throw new EngineError('failed', failure);
}

const execBody = ({ command, user, privileged, workingDir, env = {} }: Hook): ExecBody =>
  present({
    Cmd: command,
    User: user,
    Privileged: privileged,
    WorkingDir: workingDir,
    Env: Object.entries(env).map(([name, value]) => (value === null ? name : `${name}=${value}`)),
  });

const said = (output: string, conceals: readonly string[]): string => {
  const text = lastWords(output, conceals);
  return text === '' ? '' : `: ${text}`;
};

async function create(
  { api, view, site }: OperationContext,
  operation: EngineOperation & { kind: 'createContainer' },
  { resolve, agent }: PerformOptions,
): Promise<Performed> {
  const { name, identity, spec, labels, inherit, joins } = operation;
  const facts = await view.facts();
  // The planner checks this, too; but the engine may have been exchanged since it was observed.
  const lacking = lacksForContainer(spec, facts);
  if (lacking !== undefined) throw new EngineError('unsupported', lacking);
  // Only now is it certain which image the container gets. The image decides about labels, and about the volumes that it takes over.
  const found = await api.inspectImage(spec.Image);
  const image = found && readImageConfig(found.Config);
  const refusal = imageRefusal(spec.Image, image?.Labels, view.adopting().has(identity.app) ? identity.app : undefined);
  if (refusal !== undefined) throw new EngineError('invalid', refusal);
  const body = createBody({
    spec,
    labels: containerLabels({ ...identity, site }, labels, spec, view.imageId(spec.Image), agent),
    inherit: inheritable(spec, image, inherit),
    joins: mapValues(joins, resolve),
    networksAtCreate: facts.can.networksAtCreate,
  });
  const { id, warnings } = await api.createContainer(name, body, spec.Platform);
  return { containerId: id, warnings };
}

/** An archive of these files, to be unpacked at `/`. It has no folders, so that existing ones keep their modes. */
async function tarOf(files: ContainerFile[]): Promise<Uint8Array> {
  const archive = pack();
  for (const { path, content, mode, uid, gid } of files) {
    archive.entry({ name: path.replace(/^\/+/, ''), mode, uid, gid, mtime: new Date(0) }, Buffer.from(content));
  }
  archive.finalize();
  const chunks: Uint8Array[] = [];
  for await (const chunk of archive) chunks.push(chunk as Uint8Array);
  return Buffer.concat(chunks);
}
