import { EngineError } from '../../../../src/lib/errors.ts';
import { watchHealth } from './health.ts';
import type { Machine } from './machine.ts';
import { printedBy, programOf } from './programs.ts';
import { type Cause, hasProcess, isUp, type SimContainer } from './records.ts';
import { attachAll, detachAll } from './resources/networks.ts';
import { claimPorts } from './resources/ports.ts';

/** Docker's restart manager: 100 ms doubling to a minute, afresh after ten seconds of running. */
const FIRST_BACKOFF = 100;
const LAST_BACKOFF = 60_000;
const LONG_ENOUGH = 10_000;

/** Starts a stopped container; leaves a running one alone. Throws what kept it from starting, which its state then says as well. */
export function start(machine: Machine, container: SimContainer, cause: Cause): void {
  if (container.status === 'paused') {
    throw new EngineError('conflict', 'cannot start a paused container, try unpause instead');
  }
  if (container.status === 'removing') {
    throw new EngineError('conflict', 'container is marked for removal and cannot be started');
  }
  if (isUp(container)) return;
  container.stoppedByHand = false;
  container.backoff = 0;
  if (cause !== 'engine') container.restartCount = 0;
  container.startedBy = cause;
  launch(machine, container, cause);
  if (cause === 'agent') container.agentStarts += 1;
}

/** Sends the stop signal, and kills after the grace period; resolves once it is down. */
export function stop(machine: Machine, container: SimContainer, cause: Cause, timeout?: number): Promise<void> {
  container.stoppedByHand ||= isUp(container);
  if (container.status === 'restarting') {
    forget(container);
    settleExited(machine, container);
    return Promise.resolve();
  }
  if (!hasProcess(container)) return Promise.resolve();
  const events = machine.profile.stopEvents;
  if (events.includes('kill')) machine.tell(container, 'kill', { signal: '15' });
  const { onTerm } = asRunning(container);
  const grace = 1000 * (timeout ?? container.body.StopTimeout ?? 10);
  const heeds = onTerm !== 'ignored' && (onTerm.after <= grace || grace < 0);
  const run = container.runs;
  return new Promise((resolve) => {
    container.exited.push(resolve);
    machine.clock.timer(heeds ? onTerm.after : Math.max(0, grace), () => {
      if (container.runs !== run || !hasProcess(container)) return;
      // The parts after `kill`, in this engine's order.
      for (const action of events.slice(0, events.indexOf('die'))) {
        if (action !== 'kill') machine.tell(container, action);
      }
      exit(machine, container, heeds ? onTerm.code : 137, cause);
      for (const action of events.slice(events.indexOf('die') + 1)) machine.tell(container, action);
    });
  });
}

/** `docker kill`: by hand, as far as the restart policy is concerned. */
export function kill(machine: Machine, container: SimContainer, cause: Cause): void {
  if (!isUp(container)) return;
  container.stoppedByHand = true;
  if (container.status === 'restarting') {
    forget(container);
    settleExited(machine, container);
    return;
  }
  for (const action of machine.profile.killEvents) {
    if (action === 'die') exit(machine, container, 137, cause);
    else machine.tell(container, action, action === 'kill' ? { signal: '9' } : {});
  }
}

/** Its process ends, from inside or killed from outside the engine; the policy decides what follows. */
export function exit(machine: Machine, container: SimContainer, code: number, cause: Cause, outOfMemory = false): void {
  if (!hasProcess(container)) return;
  const ranFor = machine.now() - (container.startedAt ?? 0);
  container.exitCode = code;
  container.finishedAt = machine.now();
  container.oomKilled = outOfMemory;
  detachAll(machine, container);
  if (container.health !== undefined && machine.profile.unhealthyWhenStopped) container.health = 'unhealthy';
  if (outOfMemory) machine.tell(container, 'oom');
  if (cause === 'engine' && policyRestarts(container)) {
    container.status = 'restarting';
    container.backoff =
      ranFor > LONG_ENOUGH || container.backoff === 0 ? FIRST_BACKOFF : Math.min(2 * container.backoff, LAST_BACKOFF);
    machine.tell(container, 'die', { exitCode: `${code}` });
    const run = container.runs;
    machine.clock.timer(container.backoff, () => {
      if (container.runs !== run || container.status !== 'restarting') return;
      container.restartCount += 1;
      try {
        launch(machine, container, 'engine');
      } catch {
        // The engine's own try failed: it gives up, and the state says why.
        settleExited(machine, container);
      }
    });
  } else {
    container.status = 'exited';
    machine.tell(container, 'die', { exitCode: `${code}` });
  }
  for (const resolve of container.exited.splice(0)) resolve();
}

export function pause(machine: Machine, container: SimContainer): void {
  if (container.status !== 'running') throw new EngineError('conflict', `Container ${container.id} is not running`);
  container.status = 'paused';
  if (machine.profile.unhealthyWhenStopped && container.health !== undefined) container.health = 'unhealthy';
  machine.tell(container, 'pause');
}

export function unpause(machine: Machine, container: SimContainer): void {
  if (container.status !== 'paused') return;
  container.status = 'running';
  container.steadySince = machine.clock.monotonic();
  machine.tell(container, 'unpause');
}

/** Nothing that was set for its current run happens any more. */
export function forget(container: SimContainer): void {
  container.runs += 1;
}

/** Would the engine restart it after it ended by itself? */
export function policyRestarts(container: SimContainer): boolean {
  if (container.stoppedByHand) return false;
  const policy = container.body.HostConfig.RestartPolicy ?? {};
  if (policy.Name === 'always' || policy.Name === 'unless-stopped') return true;
  const limit = policy.MaximumRetryCount ?? 0;
  return policy.Name === 'on-failure' && container.exitCode !== 0 && (limit === 0 || container.restartCount < limit);
}

function launch(machine: Machine, container: SimContainer, cause: Cause): void {
  container.runs += 1;
  const program = programOf(container);
  try {
    joinTargets(machine, container);
    for (const { Type, Source = '' } of container.body.HostConfig.Mounts ?? [])
      if (Type === 'bind' && machine.isAbsent(Source))
        throw new EngineError('startFailed', `error while mounting ${Source}: no such file or directory`);
    claimPorts(machine, container);
    if (program.kind === 'missing') {
      throw new EngineError('startFailed', `exec: "${program.command}": executable file not found in $PATH`);
    }
    attachAll(machine, container);
  } catch (error) {
    const podman = machine.profile.facts.product === 'Podman';
    container.error = podman || !(error instanceof Error) ? '' : error.message;
    if (!podman) container.exitCode = program.kind === 'missing' ? 127 : 128;
    machine.onNote(`${container.name} did not start: ${error instanceof Error ? error.message : error}`);
    throw error;
  }
  const wasUp = isUp(container);
  container.status = 'running';
  container.error = '';
  container.exitCode = 0;
  container.oomKilled = false;
  container.startedAt = machine.now();
  container.steadySince = machine.clock.monotonic();
  if (!wasUp) container.upSince = machine.clock.monotonic();
  container.output = `${container.output}${printedBy(container)}`.slice(-4096);
  machine.tell(container, 'start');
  watchHealth(machine, container);
  if (program.kind === 'exits') endAfter(machine, container, program.after, program.code);
  machine.onUp(container, cause);
}

/** A paused process does not come to its end; it goes on when it is unpaused. */
function endAfter(machine: Machine, container: SimContainer, ms: number, code: number): void {
  const run = container.runs;
  machine.clock.timer(ms, () => {
    if (container.runs !== run) return;
    if (container.status === 'paused') endAfter(machine, container, 1000, code);
    else exit(machine, container, code, 'engine');
  });
}

function asRunning(container: SimContainer): { onTerm: { code: number; after: number } | 'ignored' } {
  const program = programOf(container);
  return program.kind === 'missing' ? { onTerm: 'ignored' } : program;
}

function settleExited(machine: Machine, container: SimContainer): void {
  container.status = 'exited';
  container.finishedAt = machine.now();
  for (const resolve of container.exited.splice(0)) resolve();
  machine.tell(container, 'stop');
}

/** A container whose namespace it joins must run. */
function joinTargets(machine: Machine, container: SimContainer): void {
  const host = container.body.HostConfig;
  for (const mode of [host.NetworkMode, host.PidMode, host.IpcMode]) {
    if (typeof mode !== 'string' || !mode.startsWith('container:')) continue;
    const target = machine.find(mode.slice('container:'.length));
    if (!hasProcess(target)) {
      throw new EngineError('conflict', `cannot join the namespace of a non running container: ${target.id}`);
    }
  }
}
