import type { Position } from '../../lib/errors.ts';
import { entryOf } from '../../yaml/node.ts';
import { restartPolicy } from '../keys/process/restart.ts';
import type { Declared, Project } from '../keys/project.ts';
import type { ServiceKeys } from '../keys/service-keys.ts';
import type { Report } from '../report.ts';
import { dependenciesOf, phaseOf, replicasOf } from './compile-service.ts';
import { positionOf } from './position-of.ts';

type Service = Declared<ServiceKeys>;

/** Checks the hooks of an app, and that no service counts on one. `all` has the services whose profiles are off as well. */
export function checkSyncHooks(all: Project, report: Report): void {
  const hooks = [...all.services.values()].filter((service) => phaseOf(service.keys) !== undefined);
  for (const hook of hooks) {
    checkKeys(hook, report);
    checkDependencies(hook, all, report);
  }
  for (const service of all.services.values()) if (!hooks.includes(service)) checkService(service, hooks, report);
  if (hooks.length > 0 && hooks.length === all.services.size) {
    const [first] = hooks as [Service];
    const hint = 'take x-holdfast.hook out of the service that is to keep running, or that is to run by itself';
    report.error(first.at, 'the app has hooks and no services', hint);
  }
}

/** A service that is none. */
function checkService(service: Service, hooks: readonly Service[], report: Report): void {
  const timeout = atOwn(service, 'hookTimeout');
  if (timeout) report.error(timeout, 'hookTimeout is for hooks', 'write hook: PreSync, PostSync or SyncFail beside it');
  for (const { service: other, at } of dependenciesOf(service)) {
    const hook = hooks.find(({ name }) => name === other);
    if (!hook) continue;
    const message = `the service ${service.name} depends on ${other}, which is a ${phaseOf(hook.keys)} hook and no service`;
    report.error(at, message, 'take it out: all services wait for PreSync hooks, and none waits for another hook');
  }
}

/** Keys that make no sense for a job that runs once for a change. */
function checkKeys(hook: Service, report: Report): void {
  const { keys } = hook;
  const no = (path: string[], why: string, hint = 'take it out'): void =>
    report.error(positionOf(hook, ...path), `the hook ${hook.name} has ${path.join('.')}: ${why}`, hint);
  const policy = restartPolicy(keys.deploy?.restart_policy, keys.restart);
  if (policy && policy.Name !== 'no')
    no(
      keys.deploy?.restart_policy ? ['deploy', 'restart_policy'] : ['restart'],
      'a hook runs to its end, and Holdfast runs it again if it failed',
      'take it out, or write restart: "no"',
    );
  if (replicasOf(keys) !== 1) no(keys.scale === undefined ? ['deploy', 'replicas'] : ['scale'], 'a hook runs once');
  if (keys.ports?.length) no(['ports'], 'nobody can count on a port that is open only during a change');
  for (const key of ['post_start', 'pre_stop'] as const)
    if (keys[key]?.length) no([key], 'a hook has no hooks of its own', 'put the command into the hook');
  for (const key of ['network_mode', 'pid', 'ipc'] as const)
    if (/^(service|container):/.test(keys[key] ?? ''))
      no([key], 'it would keep the container that it joins from being replaced', 'give it networks or volumes');
  if (keys.volumes_from?.length)
    no(['volumes_from'], 'it would keep that container from being replaced', 'name the volumes under volumes');
  if (keys['x-holdfast']?.failedJob) no(['x-holdfast', 'failedJob'], 'it is for jobs that are services');
  if (keys['x-holdfast']?.hookTimeout?.ms === 0)
    no(['x-holdfast', 'hookTimeout'], 'a hook needs some time', 'write it as 90s or 15m');
}

function checkDependencies(hook: Service, all: Project, report: Report): void {
  const phase = phaseOf(hook.keys);
  for (const { service: other, condition, restart, at } of hook.keys.depends_on ?? []) {
    const target = all.services.get(other);
    if (!target) continue;
    if (restart)
      report.error(
        at,
        `the hook ${hook.name} would be restarted with ${other}, and a hook runs once`,
        'take restart out',
      );
    const otherPhase = phaseOf(target.keys);
    if (otherPhase === undefined) {
      const hint = 'take it out: a hook for failures has to run whatever is down';
      if (phase === 'SyncFail')
        report.error(at, `the SyncFail hook ${hook.name} depends on the service ${other}`, hint);
    } else if (otherPhase !== phase) {
      const hint = 'take it out: PreSync hooks run before all services, and PostSync hooks after them';
      report.error(at, `the ${phase} hook ${hook.name} depends on ${other}, which is a ${otherPhase} hook`, hint);
    } else if (condition !== 'completed') {
      const hint = `write ${other}: {condition: service_completed_successfully}`;
      report.error(
        at,
        `the hook ${hook.name} waits for the start of the hook ${other}, and hooks run to their end`,
        hint,
      );
    }
  }
}

const atOwn = ({ node }: Service, key: string): Position | undefined =>
  entryOf(entryOf(node, 'x-holdfast')?.value, key)?.keyAt;
