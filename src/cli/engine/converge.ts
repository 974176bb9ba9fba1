import type { Reconciler } from '../../agent/reconcile/reconciler.ts';
import { createReconciler } from '../../agent/reconcile/reconciler.ts';
import { redactedEngine } from '../../agent/reconcile/redacted-engine.ts';
import { createRequirements } from '../../agent/requirements/requirements.ts';
import { createEffects } from '../../apply/effects.ts';
import { createHostFiles, type SecretDigest } from '../../apply/host-files.ts';
import type { Territory } from '../../apply/territory.ts';
import type { Hide } from '../../compose/private-values/hide-values.ts';
import type { Host } from '../../host/host.ts';
import { systemClock } from '../../lib/clock.ts';
import { formatProblem } from '../../lib/errors.ts';
import type { Log } from '../../lib/log.ts';
import { line } from '../../lib/text/line.ts';
import { emptyMemory, type Memory } from '../../model/memory.ts';
import type { AppPlan, Plan } from '../../model/plan.ts';
import type { DesiredSite } from '../../model/state.ts';
import { heldThemselves } from '../../plan/draft/withhold.ts';
import { type PlanOptions, parkedText } from '../../plan/facts/policy.ts';
import { EXIT } from '../exit.ts';
import { errorPalette, palette, print, printError } from '../output/terminal.ts';
import { openSiteEngine } from './engine.ts';
import { windowsByHand } from './windows-by-hand.ts';

export interface ConvergeOptions {
  territory: Territory;
  secretDigest?: SecretDigest | undefined;
  dockerHost?: string | undefined;
  /** Hides values that do not come from Git, in what the engine says. */
  hide?: Hide | undefined;
  /** The machine, for apps that require something of it. Absent: nobody looks. */
  host?: Host | undefined;
  timeoutMs: number;
  plan: PlanOptions;
  /** The memory to begin with. */
  memory?: Memory | undefined;
}

/**
 * Runs the agent's own loop until the site is as Git says, an app failed, or time ran out. Prints each finished operation. After an interruption, the
 * next run continues.
 */
export async function converge(desired: DesiredSite, options: ConvergeOptions): Promise<number> {
  const opened = await openSiteEngine(desired.site, options.dockerHost);
  const engine = options.hide ? redactedEngine(opened, options.hide) : opened;
  let reconciler: Reconciler | undefined;
  let cancelTimer = (): void => {};
  const requirements =
    options.host &&
    createRequirements({
      clock: systemClock,
      log: progressLog,
      host: options.host,
      onChange: () => reconciler?.trigger(),
    });
  try {
    await engine.facts();
    const verdict = await new Promise<Verdict>((resolve) => {
      const watcher = createOutcomeWatcher(resolve);
      reconciler = createReconciler(options.memory ?? emptyMemory(), {
        effects: createEffects(engine, createHostFiles(options.territory, options.secretDigest)),
        clock: systemClock,
        log: progressLog,
        // A laptop keeps nothing of a site after the command.
        store: { save: async () => {} },
        options: options.plan,
        ...(!options.plan.down && { windows: windowsByHand() }),
        parked: requirements && ((site, actual) => requirements.ask(site, actual.engine)),
        onPlan: watcher.plan,
        onOutcome: watcher.outcome,
      });
      engine.watch(() => reconciler?.trigger());
      cancelTimer = systemClock.timer(options.timeoutMs, () =>
        resolve({ kind: 'timeout', waiting: watcher.waiting() }),
      );
      process.once('SIGINT', () => resolve({ kind: 'interrupted' }));
      process.once('SIGTERM', () => resolve({ kind: 'interrupted' }));
      reconciler.desire(desired);
    });
    return say(verdict, options.plan.down ? 'is taken down; volumes stay' : 'is as it should be');
  } finally {
    cancelTimer();
    requirements?.stop();
    await reconciler?.stop();
    engine.close();
  }
}

type Verdict =
  | { kind: 'converged'; plan: Plan }
  | { kind: 'failed'; errors: string[] }
  | { kind: 'timeout'; waiting: string[] }
  | { kind: 'interrupted' };

/** Looks at plans and outcomes until one of them decides the end. */
function createOutcomeWatcher(decide: (verdict: Verdict) => void) {
  const failedWaits = new Map<string, string>();
  let last: AppPlan[] = [];
  return {
    plan(plan: Plan, _actual: unknown, busy: boolean) {
      last = plan.apps;
      if (busy) return;
      const errors = plan.apps.flatMap(errorsOf);
      const open = plan.apps.filter(({ operations }) =>
        operations.some(({ withheld, onlyIfFailed }) => !withheld && !onlyIfFailed),
      );
      const stuck = open.flatMap(({ app }) => failedWaits.get(app) ?? []);
      if (open.length === stuck.length && errors.length + stuck.length > 0)
        decide({ kind: 'failed', errors: [...errors, ...stuck] });
      else if (open.length === 0 && !plan.apps.some((app) => isPaced(app) || isAboutToPark(app)))
        decide({ kind: 'converged', plan });
    },
    outcome({ app, results }: import('../../model/outcome.ts').Outcome) {
      const failed = results.find(({ status, operation }) => status === 'failed' && operation.kind === 'await');
      if (failed?.status === 'failed') failedWaits.set(app, `${app}: ${failed.error.message}`);
      else failedWaits.delete(app);
    },
    waiting: () =>
      last.flatMap(({ app, operations, waits }) => {
        const reason = waits?.text ?? operations[0]?.reason;
        return reason === undefined ? [] : [`${app}: ${reason}`];
      }),
  };
}

/** True while replicas wait to be replaced, for a container to release what they need, or for another app to come up. */
const isPaced = ({ operations }: AppPlan): boolean =>
  operations.some(
    ({ withheld }) =>
      withheld?.by === 'updateConfig' ||
      withheld?.by === 'handOver' ||
      (withheld?.by === 'dependsOn' && withheld.until !== undefined),
  );

/** A thing that the app requires is away, and not yet lost. */
const isAboutToPark = ({ parked }: AppPlan): boolean => parked !== undefined && !parked.isDue;

/** The errors that will not go away soon: apps that cannot be planned, and operations that failed and wait for their next try. */
const errorsOf = ({ app, problems, operations }: AppPlan): string[] => [
  ...problems.filter(({ severity }) => severity === 'error').map((problem) => `${app}: ${formatProblem(problem)}`),
  ...new Set(
    heldThemselves(operations).flatMap((operation) => {
      const { service, withheld } = operation;
      if (withheld?.by !== 'backoff') return [];
      return [`${app}${service ? `/${service}` : ''}: ${withError(operation.reason, withheld.error)}`];
    }),
  ),
];

/** Adds the error to the reason, unless the reason has it. The time of the next try is left out, since a command does not try again. */
const withError = (reason: string, error: string | undefined): string =>
  error && !reason.includes(error) ? `${reason}: ${error}` : reason;

/** Prints the end. `state` describes a site that has converged. */
function say(verdict: Verdict, state: string): number {
  const { error } = errorPalette();
  switch (verdict.kind) {
    case 'converged': {
      const held = verdict.plan.apps.flatMap(({ app, operations }) =>
        heldThemselves(operations).map((operation) => ({ app, operation })),
      );
      for (const reason of new Set(
        held.map(({ app, operation }) => `${app}: left as it is: ${operation.reason} (${operation.withheld?.text})`),
      ))
        print(reason);
      for (const { app, problems, parked } of verdict.plan.apps) {
        if (parked) printError(line`${errorPalette().change('warning:')} ${parkedText(app, parked)}`);
        for (const problem of problems)
          printError(line`${errorPalette().change('warning:')} ${app}: ${formatProblem(problem)}`);
      }
      print(
        palette().add(
          `${verdict.plan.site} ${state} (${verdict.plan.apps.length} app${verdict.plan.apps.length === 1 ? '' : 's'})`,
        ),
      );
      return EXIT.ok;
    }
    case 'failed':
      for (const text of verdict.errors) printError(line`${error('error:')} ${text}`);
      return EXIT.failed;
    case 'timeout':
      printError(line`${error('error:')} time ran out`);
      for (const text of verdict.waiting) printError(`  still to do: ${text}`);
      return EXIT.failed;
    case 'interrupted':
      printError('interrupted; the next run continues from here');
      return EXIT.failed;
  }
}

const progressLog: Log = {
  debug() {},
  info: (message, fields) => print(line`${fields?.app ? line`${palette().bold(String(fields.app))} ` : ''}${message}`),
  warn: (message, fields) =>
    printError(line`${errorPalette().change('warning:')} ${fields?.app ? `${fields.app}: ` : ''}${message}`),
  error: (message) => printError(line`${errorPalette().error('error:')} ${message}`),
};
