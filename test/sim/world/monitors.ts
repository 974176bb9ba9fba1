import type { CreateContainerBody } from '../../../src/container/engine-api.ts';
import { isAdopted, SITE } from './adoption.ts';
import type { Machine } from './engine/machine.ts';
import { type Cause, isUp, type SimContainer } from './engine/records.ts';
import { canonical } from './engine/resources/images.ts';

/** The place in a site that a container takes, by its labels; undefined for a foreign one. */
export interface Place {
  site: string;
  app: string;
  service: string;
  number: number;
}

/** The monitors must know this of Git to judge: the images a place may be replaced by; undefined when it may be pruned, too. */
export type WantedImages = (place: Place) => string[] | undefined;

/** The agent may act on an observation that is this old: a stop takes its grace period. */
const AT_WORK_MS = 30_000;

/** The agent has written down a fact that it has seen for so long. */
const REMEMBERED_MS = 30_000;

/**
 * The promises that hold after every single step, whatever goes wrong. A breach is noted at the moment of the call that commits it and ends
 * the run at the next step of the clock.
 */
export class Monitors {
  readonly violations: string[] = [];
  wantedImages: WantedImages = () => undefined;
  /** True when each revision that the agent may know gives a place a pre_stop hook. */
  hasPreStop: (place: Place) => boolean = () => false;
  /** The revisions that the agent may know and that run a new container in a place beside the old one first: all, some or none. */
  startsFirst: (place: Place) => 'all' | 'some' | 'none' = () => 'none';
  /** The agent knows a policy that refuses privileged containers. */
  refusesPrivileged: () => boolean = () => false;
  /** The accepted state of the agent; undefined where it may have forgotten an observation. */
  follows: () => string | undefined = () => '';
  /** Jobs that the agent has seen done, by place: with which labels, of what it had accepted then, and since when. */
  readonly #done = new Map<string, { labels: string; accepted: string | undefined; since: number }>();
  readonly #machine: Machine;
  readonly #site: string;
  /** When the newest observation of the agent was answered. */
  #lastList = 0;

  constructor(machine: Machine, site: string) {
    this.#machine = machine;
    this.#site = site;
    machine.onUp = (container, cause) => this.#cameUp(container, cause);
  }

  /** An observation of the agent's was answered. */
  listed(): void {
    this.#lastList = this.#machine.clock.monotonic();
    const accepted = this.follows();
    for (const container of this.#machine.containers.values()) {
      const place = placeOf(container);
      if (!place || isAdopted(container.body.Labels) || container.status === 'removing') continue;
      const labels = JSON.stringify(container.body.Labels);
      const known = this.#done.get(keyOf(place));
      if (!isDone(container)) this.#done.delete(keyOf(place));
      else if (known?.labels !== labels || known.accepted !== accepted)
        this.#done.set(keyOf(place), { labels, accepted, since: this.#lastList });
    }
  }

  /** The agent is about to do something to a container. */
  touches(call: string, container: SimContainer): void {
    if (this.#isOurs(container.body.Labels) || isAdopted(container.body.Labels)) return;
    this.#violated(`${call} touches the foreign container ${container.name}`);
  }

  /** The agent is about to take a container down: what replaces it must be on the disk. */
  takesDown(call: string, container: SimContainer): void {
    this.touches(call, container);
    // One that is unhealthy is stopped to be started again, which needs nothing.
    if (!isUp(container) || (call === 'stopContainer' && container.health === 'unhealthy')) return;
    const place = placeOf(container);
    if (place) this.#toldOfItsEnd(call, container, place);
    const images = place && this.wantedImages(place);
    if (!place || !images) return;
    this.#outlivesTrial(call, container, place);
    const stands = (other: SimContainer): boolean => other !== container && sameKey(placeOf(other), place);
    if ([...this.#machine.containers.values()].some(stands)) return;
    if (images.some((image) => this.#machine.images.find(canonical(image)))) return;
    this.#violated(
      `${call} takes down ${container.name} before the image of its replacement is there (${images.join(', ')})`,
    );
  }

  /** Where the new one is to run first, what does well is not taken down for one that has not been well yet. */
  #outlivesTrial(call: string, container: SimContainer, place: Place): void {
    if (this.startsFirst(place) !== 'all') return;
    if (container.status !== 'running' || container.health === 'starting') return;
    // One that was down when the agent last looked had nothing to be taken down for.
    if (container.steadySince >= Math.min(this.#lastList, this.#machine.clock.monotonic() - AT_WORK_MS)) return;
    const successors = [...this.#machine.containers.values()].filter(
      (other) => sameKey(placeOf(other), place) && other.createdAt > container.createdAt,
    );
    const wasWell = ({ runs, health, everHealthy }: SimContainer): boolean =>
      runs > 0 && (health === undefined || everHealthy);
    if (successors.length > 0 && !successors.some(wasWell))
      this.#violated(`${call} takes down ${container.name} before ${successors[0]?.name} has been well`);
  }

  /** A container that has run long enough for the agent to know of it is stopped only after its pre_stop hook. */
  #toldOfItsEnd(call: string, container: SimContainer, place: Place): void {
    const known = Math.min(this.#lastList, this.#machine.clock.monotonic() - AT_WORK_MS);
    if (container.status !== 'running' || container.steadySince >= known || !this.hasPreStop(place)) return;
    const told = container.execs.some(
      ({ command, start }) => command === 'hook pre' && start === container.agentStarts,
    );
    if (!told) this.#violated(`${call} takes down ${container.name} without its pre_stop hook`);
  }

  removesNetwork(reference: string): void {
    const network = this.#machine.network(reference);
    if (network && !this.#isOurs(network.body.Labels))
      this.#violated(`foreign network ${network.body.Name} is removed`);
  }

  removesVolume(name: string): void {
    if (this.#machine.volumes.has(name)) this.#violated(`volume ${name} is removed`);
  }

  /** A name for a container must not pretend to belong to another site. */
  creates({ Labels, HostConfig }: CreateContainerBody, name: string): void {
    if (!this.#isOurs(Labels)) this.#violated(`container ${name} is created without this site's label`);
    if (HostConfig.Privileged && this.refusesPrivileged())
      this.#violated(`container ${name} is privileged, which the policy of the site refuses`);
  }

  /** The agent has created a container: what an image's unnamed volumes hold must not be left behind in the one it replaces. */
  created(container: SimContainer): void {
    const place = placeOf(container);
    if (!place) return;
    this.#isNotDone(container, place);
    const targets = Object.keys(container.anonymous);
    for (const other of this.#machine.containers.values()) {
      if (other === container || !sameKey(placeOf(other), place)) continue;
      const lost = targets.filter((target) => mountedAt(other, target) !== undefined);
      if (lost.length > 0)
        this.#violated(`${container.name} leaves behind what ${other.name} has in ${lost.join(', ')}`);
    }
  }

  /** A job that is done is not done again because somebody cleared it away. */
  #isNotDone(container: SimContainer, place: Place): void {
    const done = this.#done.get(keyOf(place));
    const stands = (other: SimContainer): boolean => other !== container && sameKey(placeOf(other), place);
    if (!done || done.labels !== JSON.stringify(container.body.Labels)) return;
    // Another commit may have taken the place away, or asked something else of it.
    if (done.accepted === undefined || done.accepted !== this.follows()) return;
    if (this.#machine.clock.monotonic() - done.since < REMEMBERED_MS) return;
    if (![...this.#machine.containers.values()].some(stands))
      this.#violated(`${container.name} is created although it has done its work`);
  }

  #cameUp(container: SimContainer, cause: Cause): void {
    if (cause !== 'agent') return;
    const place = placeOf(container);
    if (!place) return;
    const known = Math.min(this.#lastList, this.#machine.clock.monotonic() - AT_WORK_MS);
    let mayStandBy = this.startsFirst(place) === 'none' ? 0 : 1;
    for (const other of this.#machine.containers.values()) {
      if (other === container || !isUp(other) || !sameKey(placeOf(other), place)) continue;
      // The agent is not to blame for a container that the engine or a person started while it was at work on what it had seen.
      if (other.startedBy !== 'agent' && other.upSince >= known) continue;
      mayStandBy -= 1;
      if (mayStandBy >= 0) continue;
      this.#violated(`${container.name} is started while ${other.name} runs in the same place ${keyOf(place)}`);
    }
  }

  #isOurs(labels: Readonly<Record<string, string>> | null | undefined): boolean {
    return labels?.['dev.holdfast.site'] === this.#site;
  }

  #violated(text: string): void {
    this.violations.push(text);
    this.#machine.onNote(`VIOLATION: ${text}`);
  }
}

function isDone({ status, exitCode, oomKilled, body }: SimContainer): boolean {
  const policy = body.HostConfig.RestartPolicy?.Name ?? '';
  return status === 'exited' && exitCode === 0 && !oomKilled && ['', 'no', 'on-failure'].includes(policy);
}

/** The unnamed volume a container has there, made for it or taken over. */
function mountedAt(container: SimContainer, target: string): string | undefined {
  const taken = (container.body.HostConfig.Binds ?? []).map((bind) => bind.split(':')).find(([, to]) => to === target);
  return container.anonymous[target] ?? (/^[0-9a-f]{64}$/.test(taken?.[0] ?? '') ? taken?.[0] : undefined);
}

export function placeOf(container: SimContainer): Place | undefined {
  const labels = container.body.Labels ?? {};
  const adopted = isAdopted(labels);
  const whose = adopted ? 'com.docker.compose.' : 'dev.holdfast.';
  const site = adopted ? SITE : labels['dev.holdfast.site'];
  const app = labels[`${whose}${adopted ? 'project' : 'app'}`];
  const service = labels[`${whose}service`];
  const number = Number(labels['dev.holdfast.number'] ?? labels['com.docker.compose.container-number'] ?? '1');
  return site && app && service ? { site, app, service, number } : undefined;
}

export const keyOf = (place: Place): string => `${place.site} ${place.app}/${place.service}/${place.number}`;

const sameKey = (a: Place | undefined, b: Place): boolean => a !== undefined && keyOf(a) === keyOf(b);
