import { mkdir } from 'node:fs/promises';
import { hostname } from 'node:os';
import { startAgent } from '../../../agent/agent.ts';
import { redactedEngine } from '../../../agent/reconcile/redacted-engine.ts';
import { openDigestKey } from '../../../agent/state/digest-key.ts';
import { createHostFiles } from '../../../apply/host-files.ts';
import { requireMemory } from '../../../apply/secrets-folder.ts';
import { outsideValues } from '../../../compose/private-values/outside-values.ts';
import { processWorker } from '../../../git/pack/worker/pack-process.ts';
import { mountedHost } from '../../../host/mounted-host.ts';
import { systemClock } from '../../../lib/clock.ts';
import { systemDisk } from '../../../lib/disk.ts';
import { InputError, messageOf } from '../../../lib/errors.ts';
import type { Log } from '../../../lib/log.ts';
import { VERSION } from '../../../lib/version.ts';
import { redact } from '../../../net/redact.ts';
import type { SitePolicy } from '../../../policy/site-policy.ts';
import { linkWatch } from '../../../source/follow/link.ts';
import { gitSource } from '../../../source/git-source.ts';
import { beaconRef } from '../../../trust/beacon.ts';
import { promotionRefs } from '../../../trust/promotion.ts';
import type { Trust } from '../../../trust/trust.ts';
import { agentSocket, serveAgent } from '../../agent/agent-socket.ts';
import { renewAliveFile } from '../../agent/alive-file.ts';
import { watchSignals } from '../../agent/signals.ts';
import { answerDates, timeEvidence } from '../../agent/time-evidence.ts';
import { defineCommand } from '../../command.ts';
import { openSiteEngine } from '../../engine/engine.ts';
import { EXIT } from '../../exit.ts';
import type { OptionsOf } from '../../options/option.ts';
import { winstonLog } from '../../output/winston-log.ts';
import { readSecrets } from '../../repo/age-keys.ts';
import { readValues } from '../../repo/desired.ts';
import { changeableByAll, type PolicyOptions, policyReader } from '../../repo/policy-file.ts';
import { openToAll, trustReader } from '../../repo/signing/trust-file.ts';
import { agentSettings, configSetting } from '../../settings/agent-settings.ts';
import { resolveSettings } from '../../settings/resolve-settings.ts';
import { sourceOptions } from '../../settings/source-settings.ts';
import { agentTerritory } from '../../settings/territory.ts';

const NOTES = `Every option is also an environment variable and a key of the config file. The option wins, then the variable.
SIGHUP makes the agent look at the repo and at the engine at once.`;

const options = { ...agentSettings, ...configSetting };

type Settings = OptionsOf<typeof options>;

export const command = defineCommand({
  options,
  notes: NOTES,
  exitCodes: {
    0: 'stopped by SIGTERM or SIGINT',
    1: 'it could not go on, and said why',
    2: 'bad input; nothing was changed',
  },
  resolve: (flags) => resolveSettings(options, { flags, environment: process.env, fileOption: 'config' }),
  async run(_, settings) {
    const log = winstonLog(settings.logFormat ?? (process.stdout.isTTY ? 'text' : 'json'), settings.logLevel);
    const signals = watchSignals();
    const agent = await start(settings, log);
    signals.onSync(() => {
      log.info('SIGHUP received: syncing now');
      agent.sync();
    });
    const signal = await signals.stop;
    log.info(`${signal} received: stopping; containers go on running`);
    await agent.stop();
    return EXIT.ok;
  },
});

async function start(settings: Settings, log: Log): Promise<{ sync(): void; stop(): Promise<void> }> {
  const { site, stateDir, filesDir, secretsDir, path, revision = '', values, maxFileBytes } = settings;
  const [url, ...others] = settings.repo;
  if (url === undefined) throw InputError.of('the agent needs a config repo', NEEDS_REPO);
  const outside = outsideValues();
  const engine = redactedEngine(await openSiteEngine(site ?? 'default', settings.dockerHost), outside.hide);
  const localValues = async () => (values === undefined ? {} : { localValues: await readValues(values) });
  const digestKey =
    settings.ageKeyFile.length > 0 ? await openDigestKey(systemDisk, `${stateDir}/digest-key`, log) : undefined;
  const secrets = async () => (digestKey ? { secrets: await readSecrets(settings.ageKeyFile, digestKey) } : {});
  // An error in a file or a folder is reported now, while the person who started the agent is looking.
  await localValues();
  const opened = await secrets();
  await requireFolder(stateDir, '--state-dir');
  await requireFolder(filesDir, '--files-dir');
  const endAliveFile = settings.aliveFile === undefined ? () => {} : await renewAliveFile(settings.aliveFile);
  const trust = settings.trust === undefined ? undefined : await openTrust(settings.trust, log);
  const beacon = trust && beaconRef(revision);
  const territory = agentTerritory(options, settings);
  const policy = await openPolicy(settings, { ...settings, territory, hide: outside.hide }, log);
  const dates = answerDates();
  const source = gitSource({
    url,
    others,
    onRemote: (remote) => log.info(`reading ${remote} now`),
    beside: beacon,
    below: promotionRefs(revision),
    dir: `${stateDir}/git`,
    ...sourceOptions(settings, process.env),
    onDate: dates.tell,
    worker: processWorker,
    onDamage: (sentence) => log.warn(sentence),
    revision: revision || undefined,
    path,
  });
  const repo = redact(url);
  log.info(`Holdfast ${VERSION} for site ${site ?? 'default'}, following ${repo}`, { host: hostname() });

  if (digestKey) {
    // Told now, while the person who started the agent is looking. It is checked at each write.
    await requireMemory(secretsDir).catch((error: unknown) => log.error(messageOf(error)));
  }
  const agent = await startAgent({
    clock: systemClock,
    disk: systemDisk,
    files: createHostFiles(territory, opened.secrets?.digest),
    territory,
    engine,
    source,
    log,
    repo,
    revision,
    path,
    site,
    stateDir,
    program: VERSION,
    compile: async () => ({
      filesDir,
      secretsDir,
      onOutside: outside.heard,
      maxFileBytes,
      ...(await localValues()),
      ...(await secrets()),
    }),
    trust,
    policy,
    time: await timeEvidence(settings.timeSyncedFile, dates),
    host: mountedHost({ clock: systemClock, root: settings.hostRoot, filesDir }),
    intervalMs: settings.interval,
    resyncMs: settings.resync,
    onLink: linkWatch(systemClock),
  });
  const answers = { status: agent.status, history: agent.history, sync: agent.syncNow };
  const endAnswers = await serveAgent(agentSocket(stateDir), answers).catch((error: unknown) => {
    log.warn(`\`holdfast status\`, \`history\` and \`sync\` cannot ask this agent: ${messageOf(error)}`);
    return () => {};
  });
  return {
    sync: agent.sync,
    async stop() {
      endAliveFile();
      endAnswers();
      await agent.stop();
      source.close();
      engine.close();
    },
  };
}

/** Gives a reader of the trust file, after it was read once. Warns of a file that everybody on the machine may change. */
async function openTrust(file: string, log: Log): Promise<() => Promise<Trust>> {
  const read = trustReader(file);
  await read();
  const warning = await openToAll(file);
  if (warning !== undefined) log.warn(warning);
  return read;
}

/** Gives a reader of the site's policy, after it was read once. Without one, warns that Git decides everything. */
async function openPolicy(
  { policy: file }: Settings,
  site: PolicyOptions,
  log: Log,
): Promise<(() => Promise<SitePolicy>) | undefined> {
  if (file === undefined) {
    log.warn('policy: none: people who may commit can take over this machine; --policy limits what apps may ask of it');
    return undefined;
  }
  const read = policyReader(file, site);
  await read();
  const warning = await changeableByAll(file);
  if (warning !== undefined) log.warn(warning);
  return read;
}

const NEEDS_REPO = 'give --repo, HOLDFAST_REPO or `repo` in the config file';

/** Makes a folder. Throws InputError for a path that can never be one. A disk that is full or read-only for now does not keep the agent from healing. */
async function requireFolder(path: string, flag: string): Promise<void> {
  await mkdir(path, { recursive: true }).catch(({ code }: NodeJS.ErrnoException) => {
    if (code === 'EEXIST' || code === 'ENOTDIR' || code === 'EACCES')
      throw InputError.of(`${flag} ${path} cannot be a folder: ${code}`);
  });
}
