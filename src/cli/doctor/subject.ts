import { type Accepted, acceptedStore } from '../../agent/state/accepted.ts';
import type { Engine } from '../../engine/engine.ts';
import { type Disk, systemDisk } from '../../lib/disk.ts';
import { StateError } from '../../lib/errors.ts';
import { VERSION } from '../../lib/version.ts';
import type { EngineFacts } from '../../model/state.ts';
import { openSiteEngine } from '../engine/engine.ts';
import type { AgentSettings } from '../settings/agent-settings.ts';
import { askRepo, type RepoAnswer } from './ask-repo.ts';

/** The site that is examined. Several checks ask for the same answers, so each is asked for once. All may throw. */
export interface Subject {
  settings: AgentSettings;
  environment: NodeJS.ProcessEnv;
  engine(): Promise<Engine>;
  facts(): Promise<EngineFacts>;
  repo(): Promise<RepoAnswer>;
  /** The accepted state; undefined: the agent has accepted none. */
  accepted(): Promise<Accepted | undefined>;
  close(): Promise<void>;
}

/** `signal` ends the questions to the repo. */
export function openSubject(settings: AgentSettings, environment: NodeJS.ProcessEnv, signal: AbortSignal): Subject {
  const engine = once(() => openSiteEngine(settings.site ?? 'default', settings.dockerHost));
  return {
    settings,
    environment,
    engine,
    facts: once(async () => (await engine()).facts()),
    repo: once(() => askRepo(settings, environment, signal)),
    accepted: once(async () => {
      const { accepted, problems } = await acceptedStore(readOnly, `${settings.stateDir}/accepted`, VERSION).load();
      if (problems.length > 0) throw new StateError(problems.join('; '));
      return accepted;
    }),
    close: () =>
      engine().then(
        (opened) => opened.close(),
        () => undefined,
      ),
  };
}

/** The store removes damaged files; here it only says that they are damaged. */
const readOnly: Disk = {
  ...systemDisk,
  write: () => Promise.reject(new StateError('`holdfast doctor` writes nothing')),
  remove: () => Promise.resolve(),
};

function once<T>(work: () => Promise<T>): () => Promise<T> {
  let result: Promise<T> | undefined;
  return () => {
    result ??= work();
    return result;
  };
}
