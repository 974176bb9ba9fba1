import { mkdir } from 'node:fs/promises';
import { hostname } from 'node:os';
import { resolve } from 'node:path';
import { startAgent } from '../../agent/agent.ts';
import { discreetEngine } from '../../agent/reconcile/discreet-engine.ts';
import { createHostFiles } from '../../apply/host-files.ts';
import { outsideValues } from '../../compose/outside-values.ts';
import { systemClock } from '../../lib/clock.ts';
import { systemDisk } from '../../lib/disk.ts';
import { InputError } from '../../lib/errors.ts';
import { gitSource } from '../../source/git-source.ts';
import { linkWatch } from '../../source/link.ts';
import { redact } from '../../source/remote.ts';
import { processWorker } from '../../source/store/pack-process.ts';
import { beaconRef } from '../../trust/beacon.ts';
import { keepAlive } from '../alive-file.ts';
import { readValues } from '../desired.ts';
import { durationMs } from '../duration.ts';
import { openSiteEngine } from '../engine.ts';
import { EXIT } from '../exit.ts';
import { type AgentSettings, resolveAgentSettings } from '../settings.ts';
import { maxFileBytes, sourceOptions } from '../source-settings.ts';
import { territoryOf } from '../territory.ts';
import { openToAll, trustReader } from '../trust-file.ts';
import { VERSION } from '../version.ts';
import { type LogFormat, type LogLevel, winstonLog } from '../winston-log.ts';

/** Runs the agent until SIGTERM or SIGINT; a second signal does not wait for what runs. SIGHUP makes it look at Git and the engine at once. */
export async function agent(flags: AgentSettings & { config?: string }): Promise<number> {
  const { config, ...given } = flags;
  const settings = await resolveAgentSettings(given, process.env, config ?? process.env.HOLDFAST_CONFIG);
  const checked = check(settings);
  const territory = territoryOf(settings, [config ?? process.env.HOLDFAST_CONFIG, settings.aliveFile]);
  const log = winstonLog(checked.logFormat, checked.logLevel);

  // Before anything is begun: a signal that comes while it starts is no crash.
  let lookNow = (): void => {};
  const told = new Promise<NodeJS.Signals>((resolve) => {
    process.once('SIGTERM', resolve);
    process.once('SIGINT', resolve);
    // A terminal that goes away ends what was started in it.
    if (process.stdin.isTTY) process.once('SIGHUP', resolve);
    else process.on('SIGHUP', () => lookNow());
  });
  const outside = outsideValues();
  const opened = await openSiteEngine(checked.site ?? 'default', settings.dockerHost);
  const engine = discreetEngine(opened, outside.hide);
  // Now rather than at the first commit: who started the agent is still looking.
  if (settings.values !== undefined) await readValues(settings.values);
  await requireFolder(checked.stateDir, '--state-dir');
  await requireFolder(checked.filesDir, '--files-dir');
  const stopAlive = settings.aliveFile === undefined ? () => {} : await renewed(settings.aliveFile);
  const trust = settings.trust === undefined ? undefined : trustReader(settings.trust);
  if (trust) await trust();
  const open = settings.trust === undefined ? undefined : await openToAll(settings.trust);
  if (open !== undefined) log.warn(open);
  const beacon = trust && beaconRef(settings.revision ?? '');
  const source = gitSource({
    url: checked.repo,
    others: checked.others,
    onRemote: (url) => log.info(`reading ${url} now`),
    ...(beacon !== undefined && { beside: beacon }),
    dir: `${checked.stateDir}/git`,
    ...sourceOptions(settings, process.env),
    worker: processWorker,
    onDamage: (sentence) => log.warn(sentence),
    ...(settings.revision !== undefined && { revision: settings.revision }),
    ...(settings.path !== undefined && { path: settings.path }),
  });
  const repo = redact(checked.repo);
  log.info(`Holdfast ${VERSION} for site ${checked.site ?? 'default'}, following ${repo}`, { host: hostname() });

  const running = await startAgent({
    clock: systemClock,
    disk: systemDisk,
    files: createHostFiles(territory),
    territory,
    engine,
    source,
    log,
    repo,
    revision: settings.revision ?? '',
    path: settings.path,
    site: checked.site,
    stateDir: checked.stateDir,
    compile: async () => ({
      filesDir: checked.filesDir,
      onOutside: outside.heard,
      maxFileBytes: maxFileBytes(settings),
      ...(settings.values !== undefined && { localValues: await readValues(settings.values) }),
    }),
    ...(trust && { trust }),
    intervalMs: checked.intervalMs,
    resyncMs: checked.resyncMs,
    onLink: linkWatch(systemClock),
  });

  lookNow = () => {
    log.info('looking at once, told by SIGHUP');
    running.sync();
  };
  const signal = await told;
  stopAlive();
  log.info(`stopping, told by ${signal}; containers run on`);
  await running.stop();
  source.close();
  engine.close();
  return EXIT.ok;
}

function check(settings: AgentSettings) {
  const {
    repo: [repo, ...others] = [],
    interval = '',
    resync = '',
    stateDir = '',
    filesDir = '',
    logFormat,
    logLevel = '',
  } = settings;
  if (!repo)
    throw InputError.at(
      undefined,
      'the agent needs a config repo',
      'give --repo, HOLDFAST_REPO or `repo` in the config file',
    );
  return {
    repo,
    others,
    revision: settings.revision ?? '',
    site: settings.site,
    intervalMs: durationMs(interval, '--interval'),
    resyncMs: durationMs(resync, '--resync'),
    stateDir: resolve(stateDir),
    filesDir: resolve(filesDir),
    logFormat: oneOf<LogFormat>(
      logFormat ?? (process.stdout.isTTY ? 'text' : 'json'),
      ['text', 'json'],
      '--log-format',
    ),
    logLevel: oneOf<LogLevel>(logLevel, ['error', 'warn', 'info', 'debug'], '--log-level'),
  };
}

/** Throws InputError where the file cannot be written. */
const renewed = (path: string): Promise<() => void> =>
  keepAlive(path, systemClock).catch(({ code }: NodeJS.ErrnoException) => {
    throw InputError.at(
      undefined,
      `--alive-file ${path} cannot be written: ${code}`,
      'name a file in a folder that exists, as below /run',
    );
  });

/** A folder that can never be one; a disk that is full or read-only for now is no reason not to mend containers. */
async function requireFolder(path: string, flag: string): Promise<void> {
  await mkdir(path, { recursive: true }).catch(({ code }: NodeJS.ErrnoException) => {
    if (code === 'EEXIST' || code === 'ENOTDIR' || code === 'EACCES')
      throw InputError.at(undefined, `${flag} ${path} cannot be a folder: ${code}`);
  });
}

function oneOf<T extends string>(value: string, allowed: readonly T[], flag: string): T {
  const found = allowed.find((each) => each === value);
  if (!found) throw InputError.at(undefined, `${flag} must be one of ${allowed.join(', ')}, not "${value}"`);
  return found;
}
