import { type Agent, startAgent } from '../../../src/agent/agent.ts';
import { openEngine } from '../../../src/engine/open-engine.ts';
import type { Plan } from '../../../src/model/plan.ts';
import { filesOn } from '../../support/site/disk-files.ts';
import { simulatedTrust } from '../world/authored-commit.ts';
import type { RunningAgent, Subject } from './subject.ts';

/** The real agent, whole, on the simulated world. */
export const agentSubject: Subject = (world): RunningAgent => {
  let plan: Plan | undefined;
  let agent: Agent | undefined;
  const engine = openEngine(world.api, { site: world.site, clock: world.clock });
  const started: Promise<Agent | undefined> = startAgent({
    clock: world.clock,
    disk: world.disk,
    files: filesOn(world.disk, world.secrets?.digest),
    engine,
    source: world.source,
    log: world.log,
    repo: 'http://git.example/fleet.git',
    revision: '',
    site: world.site,
    stateDir: world.stateDir,
    program: 'test',
    compile: async () => ({ filesDir: world.filesDir, secrets: world.secrets }),
    policy: world.policy,
    intervalMs: 60_000,
    resyncMs: 300_000,
    onLink: world.onLink,
    ...(world.isTrusting && { trust: simulatedTrust }),
    onPlan: (made) => {
      plan = made;
    },
  }).then(
    (running) => {
      agent = running;
      return running;
    },
    (error) => {
      world.exit(error);
      return undefined;
    },
  );
  return {
    stop: async () => {
      await (await started)?.stop();
      engine.close();
    },
    unsettled: (revision) =>
      plan && agent ? [...unsettled(plan, revision), ...held(agent)] : ['nothing was planned yet'],
  };
};

/** Changes that wait for their step: the plan is without them until then. */
const held = (agent: Agent): string[] =>
  agent.status().apps.flatMap(({ app, waits }) => (waits ? [`${app}: ${waits.text}`] : []));

function unsettled(plan: Plan, revision: string): string[] {
  const found = plan.revision === revision ? [] : [`the newest plan is for ${plan.revision.slice(0, 8)}`];
  for (const { app, operations, problems } of plan.apps) {
    for (const operation of operations) {
      const { kind, service = '', withheld } = operation;
      found.push(`${app}: ${kind} ${service}: ${operation.reason}${withheld ? `, withheld: ${withheld.text}` : ''}`);
    }
    for (const { severity, message } of problems) if (severity === 'error') found.push(`${app}: ${message}`);
  }
  return found;
}
