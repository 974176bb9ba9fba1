import { mkdir } from 'node:fs/promises';
import { hostname } from 'node:os';
import { startAgent } from '../../agent/agent.ts';
import { discreetEngine } from '../../agent/reconcile/discreet-engine.ts';
import { createHostFiles } from '../../apply/host-files.ts';
import { outsideValues } from '../../compose/outside-values.ts';
import { processWorker } from '../../git/pack/pack-process.ts';
import { systemClock } from '../../lib/clock.ts';
import { systemDisk } from '../../lib/disk.ts';
import { InputError } from '../../lib/errors.ts';
import { redact } from '../../net/redact.ts';
import { linkWatch } from '../../source/follow/link.ts';
import { gitSource } from '../../source/git-source.ts';
import { beaconRef } from '../../trust/beacon.ts';
import { keepAlive } from '../alive-file.ts';
import { defineCommand } from '../command.ts';
import { openSiteEngine } from '../engine/engine.ts';
import { EXIT } from '../exit.ts';
import { text } from '../options/kinds.ts';
import { type OptionsOf, optional } from '../options/option.ts';
import { winstonLog } from '../output/winston-log.ts';
import { readValues } from '../repo/desired.ts';
import { openToAll, trustReader } from '../repo/trust-file.ts';
import { agentSettings } from '../settings/agent-settings.ts';
import { resolveSettings } from '../settings/resolve-settings.ts';
import { sourceOptions } from '../settings/source-settings.ts';
import { territoryOf } from '../settings/territory.ts';
import { VERSION } from '../version.ts';

const NOTES = `Every option is also an environment variable and a key of the config file. The option wins, then the variable.
SIGHUP makes the agent look at the repo and at the engine at once.`;

const options = {
  ...agentSettings,
  config: {
    ...optional(text('file'), 'a YAML file with any of these settings'),
    variable: 'HOLDFAST_CONFIG',
  },
};

/** Runs until SIGTERM or SIGINT; a second signal ends the process at once. */
export const command = defineCommand({
  options,
  notes: NOTES,
  exitCodes: {
    0: 'stopped by SIGTERM or SIGINT',
    1: 'it could not go on, and said why',
    2: 'bad input; nothing was changed',
  },
  resolve: (flags) => resolveSettings(options, { flags, environment: process.env, fileOption: 'config' }),
  run: (_, settings) => runAgent(settings),
});

async function runAgent(settings: OptionsOf<typeof options>): Promise<number> {
  const { site, stateDir, filesDir, revision = '', values, maxFileBytes } = settings;
  const [url, ...others] = settings.repo;
  if (url === undefined) throw InputError.at(undefined, 'the agent needs a config repo', NEEDS_REPO);
  const territory = territoryOf(settings, [settings.config, settings.aliveFile]);
  const log = winstonLog(settings.logFormat ?? (process.stdout.isTTY ? 'text' : 'json'), settings.logLevel);

  // Signals have handlers before anything begins, so that one that comes meanwhile is no crash.
  let syncNow = (): void => {};
  const stopSignal = new Promise<NodeJS.Signals>((resolve) => {
    process.once('SIGTERM', resolve);
    process.once('SIGINT', resolve);
    // A terminal that closes ends what was started in it.
    if (process.stdin.isTTY) process.once('SIGHUP', resolve);
    else process.on('SIGHUP', () => syncNow());
  });
  const outside = outsideValues();
  const opened = await openSiteEngine(site ?? 'default', settings.dockerHost);
  const engine = discreetEngine(opened, outside.hide);
  // An error in these files is reported now, while the person who started the agent is looking.
  if (values !== undefined) await readValues(values);
  await requireFolder(stateDir, '--state-dir');
  await requireFolder(filesDir, '--files-dir');
  const stopAlive = settings.aliveFile === undefined ? () => {} : await renewed(settings.aliveFile);
  const trust = settings.trust === undefined ? undefined : trustReader(settings.trust);
  if (trust) await trust();
  const open = settings.trust === undefined ? undefined : await openToAll(settings.trust);
  if (open !== undefined) log.warn(open);
  const beacon = trust && beaconRef(revision);
  const source = gitSource({
    url,
    others,
    onRemote: (remote) => log.info(`reading ${remote} now`),
    ...(beacon !== undefined && { beside: beacon }),
    dir: `${stateDir}/git`,
    ...sourceOptions(settings, process.env),
    worker: processWorker,
    onDamage: (sentence) => log.warn(sentence),
    ...(revision !== '' && { revision }),
    ...(settings.path !== undefined && { path: settings.path }),
  });
  const repo = redact(url);
  log.info(`Holdfast ${VERSION} for site ${site ?? 'default'}, following ${repo}`, { host: hostname() });

  const running = await startAgent({
    clock: systemClock,
    disk: systemDisk,
    files: createHostFiles(territory),
    territory,
    engine,
    source,
    log,
    repo,
    revision,
    path: settings.path,
    site,
    stateDir,
    compile: async () => ({
      filesDir,
      onOutside: outside.heard,
      maxFileBytes,
      ...(values !== undefined && { localValues: await readValues(values) }),
    }),
    ...(trust && { trust }),
    intervalMs: settings.interval,
    resyncMs: settings.resync,
    onLink: linkWatch(systemClock),
  });

  syncNow = () => {
    log.info('SIGHUP received: syncing now');
    running.sync();
  };
  const signal = await stopSignal;
  stopAlive();
  log.info(`${signal} received: stopping; containers go on running`);
  await running.stop();
  source.close();
  engine.close();
  return EXIT.ok;
}

const NEEDS_REPO = 'give --repo, HOLDFAST_REPO or `repo` in the config file';

/** Throws InputError if the file cannot be written. */
const renewed = (path: string): Promise<() => void> =>
  keepAlive(path, systemClock).catch(({ code }: NodeJS.ErrnoException) => {
    throw InputError.at(
      undefined,
      `--alive-file ${path} cannot be written: ${code}`,
      'name a file in a folder that exists, for example below /run',
    );
  });

/** Throws InputError for a path that can never be a folder. A disk that is full or read-only for now does not keep the agent from healing. */
async function requireFolder(path: string, flag: string): Promise<void> {
  await mkdir(path, { recursive: true }).catch(({ code }: NodeJS.ErrnoException) => {
    if (code === 'EEXIST' || code === 'ENOTDIR' || code === 'EACCES')
      throw InputError.at(undefined, `${flag} ${path} cannot be a folder: ${code}`);
  });
}
