import { exit, policyRestarts, start } from './lifecycle.ts';
import type { Machine } from './machine.ts';
import { hasProcess, isUp, type SimContainer } from './records.ts';

/**
 * The ways in which the engine goes: told to (`term`), killed (`kill`), with the whole machine (`power`), or without taking the containers along (`live`:
 * live-restore, or Podman's service).
 */
export type RestartMode = 'term' | 'kill' | 'power' | 'live';

/** The engine goes and comes back after `downtime` ms. Streams break, calls in flight get no answer, policies apply as each way has it. */
export function restartEngine(machine: Machine, asked: RestartMode, downtime: number): void {
  // One that is down cannot go down.
  if (!machine.answering) return;
  const mode = machine.profile.outlivesRestart && asked !== 'power' ? 'live' : asked;
  machine.onNote(`engine restarts (${mode})`);
  const wereUp = [...machine.containers.values()].filter(isUp);
  // Told to go, an engine still says what it stops; killed, it says nothing.
  if (mode !== 'term') breakOff(machine);
  if (mode !== 'live') for (const container of wereUp) down(machine, container, mode === 'term' ? 143 : 137);
  if (mode === 'term') breakOff(machine);
  const life = machine.life;

  machine.clock.timer(downtime, () => {
    if (machine.life !== life) return;
    machine.answering = true;
    machine.onNote('engine answers again');
    if (mode === 'live') return;
    for (const container of machine.containers.values()) {
      if (container.runs > 0 && comesBack(container, mode)) tryStart(machine, container);
    }
  });
}

function breakOff(machine: Machine): void {
  machine.answering = false;
  machine.life += 1;
  machine.bus.cut();
}

function down(machine: Machine, container: SimContainer, code: number): void {
  if (hasProcess(container)) {
    // As if by hand, so that no policy acts on the way down.
    exit(machine, container, code, 'hand');
  }
  container.status = 'exited';
  container.runs += 1;
}

function comesBack(container: SimContainer, mode: RestartMode): boolean {
  const policy = container.body.HostConfig.RestartPolicy?.Name;
  // `always` returns even when it was stopped by hand.
  if (policy === 'always') return true;
  // An engine that was killed finds its containers alive and stops them, which counts as by hand.
  if (policy === 'unless-stopped') return mode !== 'kill' && policyRestarts(container);
  return policyRestarts(container);
}

function tryStart(machine: Machine, container: SimContainer): void {
  if (isUp(container)) return;
  const { stoppedByHand } = container;
  try {
    start(machine, container, 'engine');
  } catch {
    // Its state says why.
    container.stoppedByHand = stoppedByHand;
  }
}
