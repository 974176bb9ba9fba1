import { primaryNetwork } from '../../../src/container/networks.ts';
import type { Engine, EngineOperation } from '../../../src/engine/engine.ts';
import { EngineError } from '../../../src/lib/errors.ts';
import type { ContainerRef, Operation } from '../../../src/model/plan.ts';
import type { ContainerSpec, EndpointSpec } from '../../../src/model/spec.ts';
import type { ActualContainer, ActualSite } from '../../../src/model/state.ts';
import { steadinessOf } from '../../../src/plan/decide/slot/steady.ts';
import { sharedAddressesOn } from '../../../src/plan/facts/others/shared-things.ts';
import { imageId, SITE } from '../site/site-builder.ts';

/**
 * An engine as the planner sees it: operations change an ActualSite at once, by the rules that an engine has for names, ports, networks and
 * images, and throw where an engine would refuse. The command of a container says what it does: `once` exits with 0, `crash` with 1, `broken` does not
 * start; anything else runs, and is healthy at the next `tick` if it has a health check.
 *
 * The simulated engine (test/sim/world/engine) is not used here, since a property starts from any ActualSite that fast-check draws, while that engine
 * only reaches states by calls, in virtual time. This one also runs 700 courses of passes in six seconds. It does not pass the engine contract, so it tells
 * something about the planner and nothing about engines.
 */
export interface ModelEngine {
  readonly site: ActualSite;
  /** Carries out any operation but a gate; answers with the ID of what was created. */
  carryOut(operation: Operation, app: string, resolve: (ref: ContainerRef) => string): string | undefined;
  /** True when a gate holds; throws when it never will. */
  holds(operation: Operation & { kind: 'await' }, resolve: (ref: ContainerRef) => string): boolean;
  /** Time goes by: health checks have their result, jobs have ended, what was being removed is gone. */
  tick(): void;
}

export function createModelEngine(initial: ActualSite): ModelEngine {
  // By way of text, so that what two containers share in the input is each one's own here.
  const site = JSON.parse(JSON.stringify(initial)) as ActualSite;
  // One model may go on where another one stopped.
  let counter = 1 + Math.max(0, ...site.containers.map(({ id }) => Number(/^c(\d+)$/.exec(id)?.[1] ?? 0)));
  const now = (): string => `2026-01-02T00:00:00.${String(counter++).padStart(9, '0')}Z`;

  /** By container ID: the one whose network it joined. */
  const joined = new Map<string, string>();
  for (const { id, identity, spec } of site.containers) {
    const service = /^service:(.+)$/.exec(spec.NetworkMode ?? '')?.[1];
    const other = site.containers.find(
      (each) => each.identity.app === identity.app && each.identity.service === service,
    );
    if (other) joined.set(id, other.id);
  }

  const find = (id: string): ActualContainer => {
    const found = site.containers.find((each) => each.id === id);
    if (!found) throw new EngineError('notFound', `no container ${id}`);
    return found;
  };
  const claimName = (name: string): void => {
    if (site.foreignNames[name] || site.containers.some((each) => each.name === name))
      throw new EngineError('nameTaken', `the name ${name} is taken`);
  };
  const endpointsOf = (container: ActualContainer) => {
    container.spec.Networks ??= {};
    container.networkIds ??= {};
    return { networks: container.spec.Networks, ids: container.networkIds };
  };

  function claimAddresses(container: ActualContainer, network: string, endpoint: EndpointSpec): void {
    for (const other of site.containers.filter(isUp)) {
      if (other !== container && sharedAddressesOn(network, endpoint, other.spec.Networks?.[network]).length > 0)
        throw new EngineError('conflict', `${other.name} has the address of ${container.name} on ${network}`);
    }
  }

  function connect(container: ActualContainer, network: string, endpoint: EndpointSpec): void {
    const found = site.networks[network];
    if (!found) throw new EngineError('notFound', `no network ${network}`);
    const { networks, ids } = endpointsOf(container);
    if (networks[network]) throw new EngineError('conflict', `${container.name} is on ${network} already`);
    if (isUp(container)) claimAddresses(container, network, endpoint);
    const { Priority, ...rest } = endpoint;
    networks[network] = rest;
    ids[network] = found.id;
  }

  function create(operation: Operation & { kind: 'createContainer' }, resolve: (ref: ContainerRef) => string): string {
    const { name, identity, spec, labels, inherit, joins } = operation;
    claimName(name);
    if (!site.images[spec.Image]) throw new EngineError('notFound', `no image ${spec.Image}`);
    for (const [mode, ref] of Object.entries(joins)) {
      const { id } = find(resolve(ref));
      if (spec.NetworkMode === mode) joined.set(`c${counter}`, id);
    }
    const { Files, Platform, Networks, ...rest } = spec;
    const container: ActualContainer = {
      id: `c${counter++}`,
      name,
      identity,
      spec: rest,
      imageId: site.images[spec.Image]?.id as string,
      status: 'created',
      exitCode: 0,
      oomKilled: false,
      startedAt: '',
      health: 'none',
      restartCount: 0,
      error: '',
      specHash: labels.specHash,
      filesDigest: labels.filesDigest,
      contentDigest: labels.contentDigest,
      hooksDigest: labels.hooksDigest,
      dependsOn: labels.dependsOn.split(',').flatMap((each) => each.split(':')[0] || []),
      anonymousVolumes: { ...inherit },
      ...(labels.syncHook && { syncHook: labels.syncHook }),
      networkIds: {},
    };
    const atCreate = site.engine.can.networksAtCreate
      ? Object.keys(Networks ?? {})
      : [primaryNetwork(Networks) ?? []].flat();
    for (const network of atCreate) connect(container, network, Networks?.[network] ?? {});
    site.containers.push(container);
    return container.id;
  }

  function drop(container: ActualContainer): void {
    site.containers.splice(site.containers.indexOf(container), 1);
    for (const [mode, id] of [...joined]) {
      // A container that had joined it is left with the engine's ID for it.
      if (id === container.id) find(mode).spec.NetworkMode = `container:${id}`;
      if (id === container.id || mode === container.id) joined.delete(mode);
    }
  }

  function start(container: ActualContainer): void {
    if (isUp(container)) return;
    const { spec } = container;
    for (const [network, endpoint] of Object.entries(spec.Networks ?? {})) {
      claimAddresses(container, network, endpoint);
      if (site.networks[network]?.id !== container.networkIds?.[network])
        throw new EngineError('notFound', `the network ${network} of ${container.name} is gone`);
    }
    for (const other of site.containers.filter(isUp)) {
      if (sharePort(spec, other.spec))
        throw new EngineError('portTaken', `${other.name} holds a port of ${container.name}`);
    }
    const other = joined.get(container.id);
    if (other && !isUp(find(other)))
      throw new EngineError('startFailed', `${container.name} joins one that does not run`);
    const behaviour = spec.Cmd?.[0];
    if (behaviour === 'broken') {
      container.error = 'no such file';
      throw new EngineError('startFailed', `${container.name}: no such file`);
    }
    container.startedAt = now();
    container.error = '';
    const ends = behaviour === 'once' || behaviour === 'crash';
    container.status = ends ? 'exited' : 'running';
    container.exitCode = behaviour === 'crash' ? 1 : 0;
    container.health = spec.Healthcheck && !ends ? 'starting' : 'none';
  }

  const owner = (app: string, key: string) => ({ site: SITE, app, key });

  function carryOut(operation: Operation, app: string, resolve: (ref: ContainerRef) => string): string | undefined {
    switch (operation.kind) {
      case 'pullImage':
        for (const key of [operation.image, imageId(operation.image)])
          site.images[key] = { id: imageId(operation.image), config: {} };
        return undefined;
      case 'writeFile':
        site.files[operation.file.path] = { digest: operation.file.digest, mode: operation.file.mode };
        return undefined;
      case 'runHook':
        if (find(resolve(operation.container)).status !== 'running' && operation.phase === 'post_start')
          throw new EngineError('conflict', 'not running');
        return undefined;
      case 'removeFile':
        delete site.files[operation.path];
        return undefined;
      case 'createNetwork': {
        const { network, key } = operation;
        if (site.networks[network.Name]) throw new EngineError('conflict', `the network ${network.Name} exists`);
        site.networks[network.Name] = {
          id: `n${counter++}`,
          spec: network,
          owner: owner(app, key),
        };
        return undefined;
      }
      case 'removeNetwork': {
        const users = site.containers.filter(
          (each) => isUp(each) && each.networkIds?.[operation.name] === operation.networkId,
        );
        if (users.length > 0) throw new EngineError('conflict', `${operation.name} has active endpoints`);
        delete site.networks[operation.name];
        return undefined;
      }
      case 'createVolume':
        site.volumes[operation.volume.Name] = { spec: operation.volume, owner: owner(app, operation.key) };
        return undefined;
      case 'removeVolume':
        delete site.volumes[operation.name];
        return undefined;
      case 'createContainer':
        return create(operation, resolve);
      case 'await':
        throw new TypeError('a gate is no effect');
    }
    const container = find(resolve(operation.container));
    switch (operation.kind) {
      case 'connectNetwork':
        connect(container, operation.network, operation.endpoint);
        break;
      case 'disconnectNetwork': {
        const { networks, ids } = endpointsOf(container);
        if (!networks[operation.network])
          throw new EngineError('notFound', `${container.name} is not on ${operation.network}`);
        delete networks[operation.network];
        delete ids[operation.network];
        break;
      }
      case 'copyFiles':
        break;
      case 'updateContainer':
        if (!site.engine.can.update) throw new EngineError('unsupported', 'this engine cannot update');
        container.spec = { ...container.spec, ...operation.changes };
        break;
      case 'startContainer':
        start(container);
        break;
      case 'stopContainer':
        if (isUp(container)) Object.assign(container, { status: 'exited', exitCode: 143, health: 'none' });
        break;
      case 'unpauseContainer':
        if (container.status !== 'paused') throw new EngineError('conflict', `${container.name} is not paused`);
        container.status = 'running';
        break;
      case 'renameContainer':
        claimName(operation.name);
        container.name = operation.name;
        break;
      case 'removeContainer':
        if (isUp(container) && !operation.force) throw new EngineError('conflict', `${container.name} runs`);
        drop(container);
        break;
    }
    return undefined;
  }

  return {
    site,
    carryOut,
    holds({ container, condition }, resolve) {
      const found = site.containers.find(({ id }) => id === resolve(container));
      if (condition === 'gone') return !found;
      if (!found) throw new EngineError('failed', `${container.name} is gone`);
      if (condition === 'steady') {
        const { state, text } = steadinessOf(found);
        if (state === 'failed') throw new EngineError('failed', `${container.name} ${text}`);
        return state === 'steady';
      }
      if (condition === 'healthy') return found.health === 'healthy';
      if (found.status !== 'exited') return false;
      if (found.exitCode !== 0) throw new EngineError('failed', `${container.name} exited with ${found.exitCode}`);
      return true;
    },
    tick() {
      for (const each of site.containers.filter(({ status }) => status === 'running')) {
        // Also where two things were done to one by hand: what runs is probed.
        const isProbed = each.health === 'none' && each.spec.Healthcheck && each.spec.Healthcheck.Test?.[0] !== 'NONE';
        if (each.health === 'starting' || isProbed) each.health = 'healthy';
        if (each.spec.Cmd?.[0] === 'once') Object.assign(each, { status: 'exited', exitCode: 0 });
      }
      for (const each of site.containers.filter(({ status }) => status === 'removing')) drop(each);
    },
  };
}

const isUp = ({ status }: ActualContainer): boolean => ['running', 'paused', 'restarting'].includes(status);

const sharePort = (left: ContainerSpec, right: ContainerSpec): boolean =>
  (left.PortBindings ?? []).some(({ HostPort }) =>
    (right.PortBindings ?? []).some((other) => HostPort !== '' && other.HostPort === HostPort),
  );

/** The model behind the interface that the executor knows. `before` may throw in the place of an operation, or wait. */
export function modelAsEngine(
  model: ModelEngine,
  before: (operation: EngineOperation) => void | Promise<void> = () => {},
): Engine {
  return {
    facts: async () => model.site.engine,
    observe: async () => structuredClone(model.site),
    lastOutput: async () => '',
    stacks: async () => ({}),
    forget() {},
    async perform(operation, { app, resolve, signal }) {
      await before(operation);
      if (signal.aborted && operation.kind === 'pullImage') throw new EngineError('aborted', 'cancelled');
      const containerId = model.carryOut(operation, app, resolve);
      return { warnings: [], ...(containerId && { containerId }) };
    },
    watch: () => () => {},
    close() {},
  };
}
