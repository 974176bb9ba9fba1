import type { Machine } from './machine.ts';
import { probePasses } from './programs.ts';
import type { SimContainer } from './records.ts';

const SECOND = 1e9;

/** Probes a container that has a health check, for as long as this run lasts. */
export function watchHealth(machine: Machine, container: SimContainer): void {
  const check = container.body.Healthcheck;
  if (!check?.Test || check.Test.length === 0 || check.Test[0] === 'NONE') {
    container.health = undefined;
    return;
  }
  container.health = 'starting';
  const run = container.runs;
  const interval = (check.Interval || 30 * SECOND) / 1e6;
  const startPeriod = (check.StartPeriod ?? 0) / 1e6;
  const retries = check.Retries || 3;
  const since = machine.clock.monotonic();
  let failures = 0;

  const probe = (): void => {
    if (container.runs !== run || container.status === 'exited' || container.status === 'restarting') return;
    if (container.status === 'running') {
      const upFor = machine.clock.monotonic() - since;
      const passes = probePasses(container, upFor);
      machine.tell(container, 'exec_die', { exitCode: passes ? '0' : '1' });
      failures = passes ? 0 : failures + 1;
      if (passes) become('healthy');
      else if (failures >= retries && (upFor > startPeriod || container.health === 'healthy')) become('unhealthy');
    }
    machine.clock.timer(interval, probe);
  };
  const become = (health: 'healthy' | 'unhealthy'): void => {
    if (container.health === health) return;
    container.health = health;
    container.everHealthy ||= health === 'healthy';
    if (machine.profile.facts.product === 'Podman') machine.tell(container, 'health_status', { health_status: health });
    else machine.tell(container, `health_status: ${health}`);
  };
  machine.clock.timer(interval, probe);
}
