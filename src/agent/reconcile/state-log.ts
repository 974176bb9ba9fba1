import type { Log } from '../../lib/log.ts';
import { lastWords, secretsIn } from '../../lib/text/last-words.ts';
import { shortRevision } from '../../lib/text/revision.ts';
import { servicesAndHooks } from '../../model/app/services-and-hooks.ts';
import type { AppPlan, Operation, Plan } from '../../model/plan.ts';
import type { ActualContainer, ActualSite, DesiredSite } from '../../model/state.ts';

/** Restarts by the engine that make a crash loop. */
const AGAIN = 2;
/** Milliseconds that a container has to run before its next crash loop is logged. */
const STEADY_MS = 60_000;
/** Bytes of the largest file that may be a secret; longer ones hold text. */
const MOST_SECRET = 8192;

interface Trouble {
  /** The same trouble has the same key: it is logged once, and again only after it was over. */
  key: string;
  app: string;
  service: string;
  text: string;
  /** Its last output is logged too. */
  container?: ActualContainer;
}

export interface StateLog {
  /** `isDone`: no operation runs, and no app is broken. */
  tell(site: DesiredSite, plan: Plan, actual: ActualSite, isDone: boolean): void;
  /** The troubles of an app that were told and are not over, in words. */
  troubles(app: string): string[];
}

/**
 * Logs the state of a site, once a change: a service in a crash loop, a service that waits for an unhealthy one, and that all is as a revision says.
 * Possible secrets are removed from the output of containers.
 */
export function createStateLog(log: Log, lastOutput: (container: string) => Promise<string>): StateLog {
  /** Troubles that were logged and are not over, by key. */
  const told = new Map<string, Trouble>();
  const since = new Map<string, string>();
  let done = '';
  const write = async (site: DesiredSite, { app, service, text, container }: Trouble): Promise<void> => {
    const output = container ? lastWords(await lastOutput(container.id), secretsOf(site, container)) : '';
    log.error(output === '' ? text : `${text}, last output: ${output}`, { app, service });
  };
  const tell: StateLog['tell'] = (site, plan, actual, isDone) => {
    for (const { id, health } of actual.containers) {
      if (health !== 'unhealthy') continue;
      if (!since.has(id)) since.set(id, actual.at ?? '');
    }
    for (const id of since.keys()) if (!actual.containers.some((each) => each.id === id)) since.delete(id);
    for (const app of plan.apps) {
      for (const trouble of [...loops(app, actual), ...waits(app, actual, since, site)]) {
        if (told.has(trouble.key)) continue;
        told.set(trouble.key, trouble);
        void write(site, trouble);
      }
      if (app.operations.length === 0) {
        const isSteady = actual.containers.filter(({ identity }) => identity.app === app.app).every(steady(actual));
        if (isSteady) for (const trouble of told.values()) if (trouble.app === app.app) told.delete(trouble.key);
      }
    }
    // An app at its last good state has another revision than the others.
    const [revision, ...others] = new Set(plan.apps.map((app) => app.revision));
    const isAll = isDone && others.length === 0 && told.size === 0 && plan.apps.every(isWell);
    if (!isAll || revision === undefined || done === revision) return;
    done = revision;
    const parked = plan.apps.flatMap((app) => (app.parked ? [app.app] : []));
    const but = parked.length > 0 ? `, but ${parked.join(', ')} ${parked.length > 1 ? 'are' : 'is'} parked` : '';
    log.info(`all as ${shortRevision(revision)} says${but}`, { revision });
  };
  return {
    tell,
    troubles: (app) => [...told.values()].filter((trouble) => trouble.app === app).map(({ text }) => text),
  };
}

const isWell = ({ operations, problems }: AppPlan): boolean =>
  operations.length === 0 && !problems.some(({ severity }) => severity === 'error');

/** A container that runs on: the engine has not restarted it of late. */
export const steady =
  ({ at }: Pick<ActualSite, 'at'>) =>
  ({ status, startedAt, restartCount, health }: ActualContainer): boolean =>
    status !== 'restarting' &&
    health !== 'unhealthy' &&
    (restartCount === 0 || at === undefined || Date.parse(at) - Date.parse(startedAt) >= STEADY_MS);

function loops({ app, operations }: AppPlan, { containers }: ActualSite): Trouble[] {
  const isHeld = (id: string): boolean =>
    operations.some(
      (each) => each.kind === 'startContainer' && each.withheld?.by === 'backoff' && each.container.id === id,
    );
  return containers.flatMap((container): Trouble[] => {
    const { id, identity, status, restartCount, exitCode, oomKilled } = container;
    const { service } = identity;
    const isLoop =
      (status === 'restarting' && restartCount >= AGAIN) || (status === 'exited' && exitCode !== 0 && isHeld(id));
    if (identity.app !== app || !isLoop) return [];
    const how = oomKilled ? 'out of memory' : `exit ${exitCode}`;
    const text = `${service} restarts again and again: ${how}`;
    return [{ key: `${app}/${service} loop`, app, service, text, container }];
  });
}

/** Possible secrets of a container: its environment, and the contents of the configs, secrets and files of its app. */
function secretsOf({ apps }: DesiredSite, { identity, spec }: ActualContainer): string[] {
  const app = apps.find(({ name }) => name === identity.app);
  const wanted = (app ? servicesAndHooks(app) : []).find(({ name }) => name === identity.service)?.containers ?? [];
  const contents = [...wanted.flatMap((each) => each.spec.Files ?? []), ...(app?.files ?? [])]
    .map(({ content }) => content)
    .filter(({ length }) => length <= MOST_SECRET);
  return secretsIn([
    ...[spec, ...wanted.map((each) => each.spec)].flatMap(({ Env }) => Object.values(Env ?? {})),
    ...contents.map((content) => Buffer.from(content).toString('utf8')),
  ]);
}

function waits(
  { app, operations }: AppPlan,
  { containers }: ActualSite,
  since: Map<string, string>,
  site: DesiredSite,
): Trouble[] {
  return operations.flatMap((wait): Trouble[] => {
    if (wait.kind !== 'await' || wait.condition !== 'healthy' || !wait.service) return [];
    const found = containers.find(
      ({ identity, health }) => identity.app === app && identity.service === wait.service && health === 'unhealthy',
    );
    if (!found) return [];
    const words = lastWords(found.healthOutput ?? '', secretsOf(site, found));
    const output = words === '' ? '' : `: ${words}`;
    const time = since.get(found.id);
    const waiting = new Set(operations.flatMap((each) => waiterOf(each, wait)));
    return [...waiting].map((service) => ({
      key: `${app}/${service} waits for ${wait.service}`,
      app,
      service,
      text: `${service} waits for ${wait.service}, unhealthy${time ? ` since ${time}` : ''}${output}`,
    }));
  });
}

const waiterOf = (operation: Operation, wait: Operation): string[] =>
  operation.after.includes(wait.id) && operation.service !== undefined && operation.service !== wait.service
    ? [operation.service]
    : [];
