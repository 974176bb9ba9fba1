import { ADOPTING } from '../world/adoption.ts';
import {
  createContainer,
  removeContainer,
  removeSlowly,
  renameContainer,
  updateContainer,
} from '../world/engine/containers.ts';
import { exit, kill, pause, start, stop } from '../world/engine/lifecycle.ts';
import { hasProcess, isUp, type SimContainer } from '../world/engine/records.ts';
import { connect, disconnect, isSystemNetwork, removeNetwork } from '../world/engine/resources/networks.ts';
import { type RestartMode, restartEngine } from '../world/engine/restart.ts';
import { placeOf } from '../world/monitors.ts';
import type { Random } from '../world/random.ts';
import { IMAGES, TAGS } from './authors.ts';
import type { World } from './world.ts';

/** Something that goes wrong at a site, or that a person does to it. @returns what, in words; undefined when there was nothing to do it to. */
type Trouble = (world: World, random: Random) => string | undefined;

/** One of ours, by chance, that fits. */
function victim(
  world: World,
  random: Random,
  fits: (one: SimContainer) => boolean = () => true,
): SimContainer | undefined {
  const ours = [...world.engine.machine.containers.values()].filter(
    (one) => placeOf(one)?.site === world.site && fits(one),
  );
  return ours.length > 0 ? random.pick(ours) : undefined;
}

const toContainer =
  (
    what: string,
    act: (world: World, one: SimContainer, random: Random) => void,
    fits?: (one: SimContainer) => boolean,
  ): Trouble =>
  (world, random) => {
    const one = victim(world, random, fits);
    if (!one) return undefined;
    const text = `${what} ${one.name}`;
    world.history.note(`hand: ${text}`);
    act(world, one, random);
    return text;
  };

/** Things that people do to containers, networks and images. */
export const BY_HAND: Readonly<Record<string, Trouble>> = {
  kill: toContainer('kill', (world, one) => kill(world.engine.machine, one, 'hand'), isUp),
  stop: toContainer('stop', (world, one) => void stop(world.engine.machine, one, 'hand', 1), isUp),
  remove: toContainer('rm -f', (world, one, random) => {
    const { machine } = world.engine;
    if (random.chance(0.5)) removeContainer(machine, one, true, 'hand');
    else removeSlowly(machine, one, random.between(1, 30_000));
  }),
  prune: (world, random) => {
    const { machine } = world.engine;
    const standing = [...machine.containers.values()].filter((one) => one.status === 'exited' && placeOf(one));
    for (const one of standing) removeSlowly(machine, one, random.between(1, 30_000));
    return standing.length > 0 ? `container prune of ${standing.map(({ name }) => name).join(', ')}` : undefined;
  },
  pause: toContainer(
    'pause',
    (world, one) => pause(world.engine.machine, one),
    (one) => one.status === 'running',
  ),
  crash: toContainer('crash of', (world, one) => exit(world.engine.machine, one, 139, 'engine'), hasProcess),
  outOfMemory: toContainer(
    'out of memory in',
    (world, one) => exit(world.engine.machine, one, 137, 'engine', true),
    hasProcess,
  ),
  sicken: toContainer(
    'probes fail in',
    (_, one) => {
      one.sick = true;
    },
    (one) => one.health !== undefined,
  ),
  rename: toContainer('rename', (world, one, random) =>
    renameContainer(world.engine.machine, one, `renamed-${random.hex(6)}`),
  ),
  memory: toContainer(
    'update memory of',
    (world, one) => updateContainer(world.engine.machine, one, { Memory: 48 * 2 ** 20, MemorySwap: 96 * 2 ** 20 }),
    () => true,
  ),
  disconnect: toContainer('disconnect', (world, one, random) => {
    const names = [...one.endpoints.keys()].filter((name) => !isSystemNetwork(name));
    if (names.length > 0) disconnect(world.engine.machine, random.pick(names), one);
  }),
  realias: toContainer('connect without its aliases', (world, one) => {
    const [name] = [...one.endpoints.keys()].filter((each) => !isSystemNetwork(each));
    if (name === undefined) return;
    disconnect(world.engine.machine, name, one);
    connect(world.engine.machine, name, one, {});
  }),
  policy: toContainer('update --restart of', (world, one, random) =>
    updateContainer(world.engine.machine, one, { RestartPolicy: { Name: random.pick(['no', 'always']) } }),
  ),
  /** Somebody runs another by the same labels, as a script that copies a container does. */
  impostor: toContainer('docker run a copy of', (world, one, random) => {
    const body = structuredClone(one.body);
    body.HostConfig.PortBindings = {};
    if (body.HostConfig.NetworkMode?.startsWith('container:')) return;
    const { id } = createContainer(world.engine.machine, `copy-${random.hex(6)}`, body);
    const copy = world.engine.machine.find(id);
    for (const [path, content] of one.files) copy.files.set(path, content);
    start(world.engine.machine, copy, 'hand');
  }),
  /** Somebody runs docker compose beside us: it replaces each container with the same one, which bears Compose's labels alone. */
  composeUp: toContainer(
    'docker compose up --force-recreate',
    (world, one) => {
      const { machine } = world.engine;
      const { name, body } = one;
      const labels = Object.entries(body.Labels ?? {}).filter(([label]) => !label.startsWith('dev.holdfast.'));
      const copy = { ...structuredClone(body), Labels: Object.fromEntries(labels) };
      removeContainer(machine, one, true, 'hand');
      const made = machine.find(createContainer(machine, name, copy).id);
      for (const [network, { asked }] of one.endpoints)
        if (!made.endpoints.has(network)) connect(machine, network, made, asked);
      start(machine, made, 'hand');
    },
    (one) =>
      ADOPTING.has(placeOf(one)?.app ?? '') &&
      one.files.size === 0 &&
      !one.body.HostConfig.NetworkMode?.startsWith('container:'),
  ),
  dropNetwork: (world, random) => {
    const { machine } = world.engine;
    const ours = [...machine.networks.values()].filter(({ body }) => body.Labels?.['dev.holdfast.site'] === world.site);
    if (ours.length === 0) return undefined;
    const network = random.pick(ours);
    for (const one of machine.containers.values()) disconnect(machine, network.body.Name, one);
    removeNetwork(machine, network.id);
    return `network rm ${network.body.Name}`;
  },
  startStanding: toContainer(
    'start',
    (world, one) => {
      try {
        start(world.engine.machine, one, 'hand');
      } catch {
        // A person sees the engine's error and shrugs.
      }
    },
    (one) => one.status === 'exited',
  ),
  foreign: (world, random) => {
    const taken = victim(world, random);
    const name = taken && random.chance(0.4) ? `${taken.name}-x` : `foreign-${random.hex(4)}`;
    const id = addForeign(world, name);
    if (id) world.foreign.add(id);
    return `docker run --name ${name}`;
  },
  squat: (world) => {
    const one = victim(world, world.random);
    if (!one) return undefined;
    removeContainer(world.engine.machine, one, true, 'hand');
    addForeign(world, one.name);
    world.squatters.add(one.name);
    return `a foreign container takes the name ${one.name}`;
  },
  retag: (world, random) => {
    const reference = `${random.pick(IMAGES)}:${random.pick(TAGS)}`;
    const other = world.engine.machine.images.find(`${random.pick(IMAGES)}:${random.pick(TAGS)}`);
    if (!other) return undefined;
    world.engine.machine.images.put(reference, other);
    return `docker tag … ${reference}`;
  },
  untag: (world, random) => {
    const reference = `${random.pick(IMAGES)}:${random.pick(TAGS)}`;
    world.engine.machine.images.untag(reference);
    return `docker rmi ${reference}`;
  },
};

/** Failures that nobody causes. */
export const FAILURES: Readonly<Record<string, Trouble>> = {
  engineRestart: (world, random) => {
    const mode = random.pick<RestartMode>(['term', 'kill', 'live']);
    restartEngine(world.engine.machine, mode, random.between(300, 15_000));
    return `engine restart (${mode})`;
  },
  powerCut: (world, random) => {
    world.agent.kill('power cut');
    world.disk.reboot();
    restartEngine(world.engine.machine, 'power', random.between(1000, 20_000));
    return 'power cut';
  },
  kill: (world) => {
    world.agent.kill('kill -9');
    return 'kill -9 of the agent';
  },
  crashAtEffect: (world, random) => {
    world.agent.dieSoon(random.between(1, 12), random.pick(['before', 'after']));
    return 'the agent will die in the middle of something';
  },
  stopAgent: (world) => {
    world.agent.stopGently();
    return 'SIGTERM to the agent';
  },
  streamBreaks: (world, random) => {
    world.engine.machine.bus.cut(random.chance(0.7));
    return 'the event stream breaks';
  },
  server: (world, random) => {
    if (!world.isTrusting) return undefined;
    if (random.chance(0.7)) return world.source.lie(random);
    world.source.tellTheTruth();
    return 'the server tells the truth';
  },
  link: (world) => {
    world.source.linkUp = !world.source.linkUp;
    return `link ${world.source.linkUp ? 'up' : 'down'}`;
  },
  registry: (world) => {
    const { registry } = world.engine.machine.images;
    registry.up = !registry.up;
    return `registry ${registry.up ? 'up' : 'down'}`;
  },
  portHeld: (world, random) => {
    const port = `${8001 + 100 * random.between(0, 2) + random.between(0, 5)}/tcp`;
    world.engine.machine.heldPorts.add(port);
    return `something else takes host port ${port}`;
  },
  diskFull: (world) => {
    world.disk.broken = world.disk.broken ? undefined : 'ENOSPC';
    return world.disk.broken ? 'the disk is full' : 'there is room on the disk again';
  },
  fileTampered: (world, random) => {
    const paths = world.disk.paths().filter((path) => path.startsWith(world.filesDir));
    if (paths.length === 0) return undefined;
    const path = random.pick(paths);
    world.disk.plant(path, random.chance(0.5) ? undefined : 'tampered');
    return `${path} changed by hand`;
  },
  stateCorrupt: (world, random) => {
    const paths = world.disk.paths().filter((path) => path.startsWith(world.stateDir));
    if (paths.length === 0) return undefined;
    const path = random.pick(paths);
    const content = world.disk.peek(path) ?? new Uint8Array();
    world.disk.plant(path, content.slice(0, random.between(0, content.length)));
    return `${path} cut short`;
  },
  wallClock: (world, random) => {
    world.clock.setWall(random.pick([new Date(0), new Date(Date.UTC(2099, 0, 1)), new Date(Date.UTC(2026, 5, 1))]));
    return 'the wall clock jumps';
  },
};

/** A container that is not ours and runs. @returns its ID; undefined when the name was taken. */
export function addForeign(world: World, name: string): string | undefined {
  const { machine } = world.engine;
  if ([...machine.containers.values()].some((one) => one.name === name)) return undefined;
  const { id } = createContainer(machine, name, {
    Image: 'foreign:1',
    Cmd: ['serve'],
    Labels: { 'com.docker.compose.project': 'shop', 'com.docker.compose.service': 'front' },
    HostConfig: { RestartPolicy: { Name: 'always' } },
  });
  start(machine, machine.find(id), 'hand');
  return id;
}
