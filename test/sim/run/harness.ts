import { SECRETS_DIR } from '../../../src/compose/load/values/values.ts';
import { firstRepo, IMAGES, mended, TAGS } from '../story/authors.ts';
import { createConfigRepo } from '../story/config-repo.ts';
import { complaints } from '../story/expectation.ts';
import { floorOf } from '../story/remembered.ts';
import { STORY_SECRETS } from '../story/sealed.ts';
import { POLICIES } from '../story/site-policy.ts';
import { addForeign, BY_HAND, FAILURES } from '../story/troubles.ts';
import { type Variations, variationsOf } from '../story/variations.ts';
import type { World } from '../story/world.ts';
import { isAdopted, SITE } from '../world/adoption.ts';
import { removeContainer } from '../world/engine/containers.ts';
import { type EngineProfile, PROFILES } from '../world/engine/profiles.ts';
import { NO_FAULTS } from '../world/faults.ts';
import { History } from '../world/history.ts';
import { type Random, seededRandom } from '../world/random.ts';
import { SimulatedDisk } from '../world/simulated-disk.ts';
import { SimulatedEngine } from '../world/simulated-engine.ts';
import { SimulatedSource } from '../world/simulated-source.ts';
import { VirtualClock } from '../world/virtual-clock.ts';
import type { Subject } from './subject.ts';
import { Supervisor } from './supervisor.ts';

export interface ScenarioOptions {
  subject: Subject;
  /** Things that happen before the recovery at the end. Default: 6 to 16, by seed. */
  steps?: number;
  profile?: EngineProfile;
  /** The kinds of trouble that may come. Default: all. */
  troubles?: (name: string) => boolean;
  onLine?: (line: string) => void;
}

export interface ScenarioResult {
  /** Virtual milliseconds from the last trouble to convergence. */
  convergedAfter: number;
  virtualMs: number;
  lives: number;
  calls: Record<string, number>;
}

/** Virtual time within which a site must be well after the last trouble: the longest backoffs and the timed resync, and some. */
const CONVERGENCE_MS = 45 * 60_000;
/** Past failures are forgotten after some time of being well, a loop of replacements last of all; each is written down once. */
const FORGIVEN_MS = 30 * 60_000;
/** The time between two polls, while Git does not answer. */
const LONGEST_POLL_MS = 20 * 60_000;
/** A site that is well is left alone for this long, and must cost nothing meanwhile. */
const QUIET_MS = 20 * 60_000;

/** A run that broke a promise. The message says which seed, how to replay it, what broke, and what led there. */
export class ScenarioError extends Error {
  readonly seed: number;
  constructor(seed: number, what: string, history: string) {
    super(
      `seed ${seed}: ${what}\nreplay: HOLDFAST_SIM_SEED=${seed} npm run test:sim\n${history}\nseed ${seed}: ${what}`,
    );
    this.seed = seed;
  }
}

/**
 * One site's story, told by a seed: commits, faults, people, power cuts, an agent that dies anywhere. After every step the invariants hold;
 * when the troubles end the site becomes what Git says, and then stays so without anything being done.
 */
export async function runScenario(seed: number, options: ScenarioOptions): Promise<ScenarioResult> {
  const random = seededRandom(seed);
  const profile = options.profile ?? PROFILES[random.pick(Object.keys(PROFILES))];
  if (!profile) throw new Error('no such engine');
  const story = newStory(random, profile, options, variationsOf(seed));
  const { world, supervisor } = story;
  const fail = (what: string): never => {
    throw new ScenarioError(seed, what, world.history.text());
  };
  world.clock.onStep = () => {
    const [violation] = world.engine.monitors.violations;
    if (violation) fail(violation);
  };
  const crash = (error: unknown): void => {
    world.engine.monitors.violations.push(
      `an error that nobody handles: ${error instanceof Error ? error.stack : error}`,
    );
  };
  process.on('unhandledRejection', crash);
  try {
    story.begin(firstRepo(random.fork('authors'), world.site));
    supervisor.start();
    const steps = options.steps ?? random.between(6, 16);
    for (let step = 0; step < steps; step += 1) {
      await world.clock.advance(pauseBefore(random));
      await story.trouble();
    }
    return await story.recover(fail);
  } finally {
    process.off('unhandledRejection', crash);
    supervisor.retired = true;
    supervisor.kill('the story is over');
  }
}

/** Sometimes in the middle of everything, sometimes after all has settled. */
const pauseBefore = (random: Random): number =>
  random.pick([
    random.between(0, 400),
    random.between(400, 5000),
    random.between(5000, 60_000),
    random.between(60_000, 900_000),
  ]);

function newStory(random: Random, profile: EngineProfile, options: ScenarioOptions, kind: Variations) {
  const clock = new VirtualClock(random.fork('clock'));
  const site = SITE;
  const history = new History(clock);
  if (options.onLine) history.onLine = options.onLine;
  const engine = new SimulatedEngine(clock, random, profile, site);
  engine.machine.onNote = (text) => history.note(text);
  const source = new SimulatedSource(clock, random.fork('source'));
  const disk = new SimulatedDisk(clock, random.fork('disk'));
  const world: World = {
    site,
    stateDir: '/var/lib/holdfast',
    filesDir: '/var/lib/holdfast/apps',
    random: random.fork('world'),
    clock,
    disk,
    engine,
    source,
    history,
    squatters: new Set(),
    foreign: new Set(),
    agent: undefined as never,
    isTrusting: random.fork('trust').chance(0.5),
    ...(kind.policy && { policy: POLICIES.open }),
    ...(kind.secrets && { secrets: STORY_SECRETS }),
  };
  engine.machine.isAbsent = (path) => path.startsWith(SECRETS_DIR) && disk.peek(path) === undefined;
  source.onFetch = (commit, pinned) => {
    const floor = world.isTrusting ? floorOf(world) : undefined;
    if (source.isForged(commit))
      engine.monitors.violations.push(`files are fetched of ${commit}, which a stranger made`);
    if (floor !== undefined && !pinned && source.isBefore(commit, floor))
      engine.monitors.violations.push(
        `files are fetched of ${commit}, which is older than ${floor}, which was accepted`,
      );
  };
  const supervisor = new Supervisor(options.subject, () => world);
  world.agent = supervisor;
  let policySince = 0;
  // An agent reads the policy when it starts, and at each poll.
  engine.monitors.refusesPrivileged = () =>
    world.policy === POLICIES.strict &&
    (supervisor.began >= policySince || clock.monotonic() - policySince > LONGEST_POLL_MS);
  stockImages(engine);
  for (let count = random.between(0, 2); count > 0; count -= 1) {
    const id = addForeign(world, `neighbour-${count}`);
    if (id) world.foreign.add(id);
  }

  const authors = random.fork('authors of changes');
  const troubles = random.fork('troubles');
  const pins = random.fork('pins');
  const policies = random.fork('policies');
  const repo = createConfigRepo(world, authors, pins, kind);

  const allowed = (names: string[]): string[] => names.filter(options.troubles ?? (() => true));
  const byHand = allowed(Object.keys(BY_HAND));
  const failures = allowed(Object.keys(FAILURES)).filter((name) => !(kind.sharing && name === 'wallClock'));
  const rates = allowed(['rates']).length > 0;

  const trouble = async (): Promise<void> => {
    const kind = troubles.next();
    if (world.policy && policies.chance(0.2)) {
      world.policy = world.policy === POLICIES.strict ? POLICIES.open : POLICIES.strict;
      policySince = clock.monotonic();
      history.note(`trouble: the site's policy is ${world.policy === POLICIES.strict ? 'strict' : 'open'}`);
    }
    if (rates && troubles.chance(0.2)) {
      const rate = troubles.pick([0, 0.02, 0.1, 0.3]);
      engine.faults = { refused: rate, answerLost: rate, unreadable: rate / 2 };
      engine.machine.bus.lossRate = troubles.pick([0, 0.05, 0.3]);
      disk.faultRate = troubles.pick([0, 0, 0.05]);
      source.faultRate = troubles.pick([0, 0.2]);
      history.note(
        `trouble: rates ${rate}, events ${engine.machine.bus.lossRate}, disk ${disk.faultRate}, source ${source.faultRate}`,
      );
    }
    if (kind < 0.35 || byHand.length + failures.length === 0) {
      if (pins.chance(0.25)) repo.repin();
      else repo.commitChange();
    } else {
      const table = kind < 0.7 && byHand.length > 0 ? BY_HAND : FAILURES;
      const names = table === BY_HAND ? byHand : failures;
      if (names.length === 0) return;
      const what = await attempt(() => table[troubles.pick(names)]?.(world, troubles));
      if (what) history.note(`trouble: ${what}`);
    }
  };

  /** All troubles end, the repo is made sound, and the site must become well and stay so. */
  const recover = async (fail: (what: string) => never): Promise<ScenarioResult> => {
    history.note('the troubles end');
    supervisor.cancelDeath();
    engine.faults = NO_FAULTS;
    engine.machine.bus.lossRate = 0;
    engine.machine.images.registry.up = true;
    engine.machine.heldPorts.clear();
    source.linkUp = true;
    source.faultRate = 0;
    source.tellTheTruth();
    disk.broken = undefined;
    disk.faultRate = 0;
    for (const one of [...engine.machine.containers.values()]) {
      one.sick = false;
      if (world.squatters.has(one.name) && !one.body.Labels?.['dev.holdfast.site'])
        removeContainer(engine.machine, one, true, 'hand');
    }
    // Once Git no longer names an app, nobody can tell for ever which of its containers docker compose started.
    for (const one of [...engine.machine.containers.values()]) {
      const app = one.body.Labels?.['com.docker.compose.project'];
      if (isAdopted(one.body.Labels) && !repo.current().apps.some(({ name }) => name === app))
        removeContainer(engine.machine, one, true, 'hand');
    }
    const sound = mended(repo.current());
    if (JSON.stringify(sound) !== JSON.stringify(repo.current()) || random.chance(0.5)) repo.commit(sound);
    if (pins.chance(0.3)) {
      const held = source.head;
      source.names.set('release', held);
      repo.commitChange(pins.pick([held, 'release']));
    }
    const began = clock.monotonic();
    const wrong = (): string[] => {
      return [...complaints(repo.wantedModel(), world), ...supervisor.unsettled(repo.wanted())];
    };
    let asked = 0;
    // Asking is dear, and once a second is enough.
    const converged = await clock.runUntil(() => {
      if (clock.monotonic() - asked < 1000) return false;
      asked = clock.monotonic();
      return wrong().length === 0;
    }, CONVERGENCE_MS);
    if (!converged) fail(`not converged after ${CONVERGENCE_MS / 60_000} minutes:\n  ${wrong().join('\n  ')}`);
    const convergedAfter = clock.monotonic() - began;
    history.note('converged');

    await clock.advance(60_000);
    const { effects } = engine;
    await clock.advance(FORGIVEN_MS);
    const { writes } = disk;
    await clock.advance(QUIET_MS);
    if (engine.effects !== effects) fail('a site that is well is being changed');
    if (disk.writes !== writes) fail('an idle agent writes to the disk');
    const late = wrong();
    if (late.length > 0) fail(`it was well and is no longer:\n  ${late.join('\n  ')}`);
    return { convergedAfter, virtualMs: clock.monotonic(), lives: supervisor.lives, calls: engine.calls };
  };

  return { world, supervisor, begin: repo.begin, trouble, recover };
}

function stockImages({ machine: { images } }: SimulatedEngine): void {
  for (const name of IMAGES) {
    for (const tag of TAGS) {
      const volumes = name === 'db' ? { Volumes: { '/var/lib/db': {} } } : {};
      images.registry.offer(
        `${name}:${tag}`,
        images.make({ Cmd: ['serve'], Env: ['PATH=/bin', `TAG=${tag}`], ...volumes }),
      );
    }
  }
  images.put('foreign:1', images.make({ Cmd: ['serve'] }));
}

/** An attempt of a person that fails has no effect. */
async function attempt(act: () => string | undefined): Promise<string | undefined> {
  try {
    return act();
  } catch (error) {
    return `nothing: ${error instanceof Error ? error.message : error}`;
  }
}
