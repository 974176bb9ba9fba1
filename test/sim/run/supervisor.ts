import type { Log } from '../../../src/lib/log.ts';
import type { SitePolicy } from '../../../src/policy/site-policy.ts';
import type { AgentHandle, World } from '../story/world.ts';
import { Life } from '../world/agent-life.ts';
import type { RunningAgent, Subject } from './subject.ts';

/** Starts the agent, and starts it again some seconds after it died or was stopped, as a restart policy or systemd does. */
export class Supervisor implements AgentHandle {
  /** Lives so far. */
  lives = 0;
  /** When the present life began, by the monotonic clock. */
  began = 0;
  /** Set at the end of a run: what is told to stop stays down. */
  retired = false;
  readonly #subject: Subject;
  readonly #world: () => World;
  #life: Life | undefined;
  #agent: RunningAgent | undefined;

  constructor(subject: Subject, world: () => World) {
    this.#subject = subject;
    this.#world = world;
  }

  start(): void {
    const world = this.#world();
    const life = new Life(world.random.fork(`life ${this.lives}`));
    this.lives += 1;
    this.began = world.clock.monotonic();
    this.#life = life;
    life.onDeath = () => {
      world.history.note('the agent is dead');
      this.#agent = undefined;
      this.#again();
    };
    world.history.note(`the agent starts (life ${this.lives})`);
    this.#agent = this.#subject({
      site: world.site,
      stateDir: world.stateDir,
      filesDir: world.filesDir,
      clock: life.clock(world.clock),
      disk: life.disk(world.disk),
      api: life.api(world.engine.api('agent')),
      source: world.source.open(() => !life.dead),
      onLink: (callback) => world.source.onLink(() => life.dead || callback()),
      log: logOf(world),
      isTrusting: world.isTrusting,
      policy: world.policy && (async () => world.policy as SitePolicy),
      secrets: world.secrets,
      exit: (error) => {
        world.history.note(`the agent gives up: ${error}`);
        life.kill();
      },
    });
  }

  unsettled(revision: string): string[] {
    return this.#agent?.unsettled(revision) ?? ['the agent does not run'];
  }

  kill(why: string): void {
    this.#world().history.note(why);
    this.#life?.kill();
  }

  dieSoon(effects: number, moment: 'before' | 'after'): void {
    const life = this.#life;
    if (life && !life.dead) life.diesAt = { effect: life.effects + effects, moment };
  }

  cancelDeath(): void {
    if (this.#life) this.#life.diesAt = undefined;
  }

  stopGently(): void {
    const agent = this.#agent;
    const life = this.#life;
    if (!agent || !life || life.dead) return;
    this.#world().history.note('SIGTERM');
    agent.stop().then(
      () => life.kill(),
      (error) => {
        this.#world().engine.monitors.violations.push(`stopping the agent failed: ${error}`);
      },
    );
  }

  #again(): void {
    const world = this.#world();
    if (this.retired) return;
    world.clock.timer(world.random.between(500, 10_000), () => {
      if (this.#agent === undefined && !this.retired) this.start();
    });
  }
}

function logOf(world: World): Log {
  const line = (level: string) => (message: string, fields?: Record<string, unknown>) =>
    world.history.note(`  log ${level}: ${message}${fields ? ` ${JSON.stringify(fields)}` : ''}`);
  return { debug: () => {}, info: line('info'), warn: line('warn'), error: line('error') };
}
