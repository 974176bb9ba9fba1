import { resolve } from 'node:path';
import { type MountedHost, mountedHost } from '../../../host/mounted-host.ts';
import type { RecordedFacts } from '../../../host/recorded-facts.ts';
import { systemClock } from '../../../lib/clock.ts';
import { systemDisk } from '../../../lib/disk.ts';
import type { HostOfEngine } from '../../../model/requirement.ts';
import { defineCommand } from '../../command.ts';
import { withEngine } from '../../engine/engine.ts';
import { EXIT } from '../../exit.ts';
import { text } from '../../options/kinds.ts';
import { optional } from '../../options/option.ts';
import { print, printJson } from '../../output/terminal.ts';
import { siteFile } from '../../repo/site-files.ts';
import { agentSettings, configSetting } from '../../settings/agent-settings.ts';
import { resolveSettings } from '../../settings/resolve-settings.ts';

const NOTES = `It runs on the site and reads no repo. The settings are those of the agent, so that in the agent's container it needs no flags:

    docker exec holdfast holdfast facts > facts/eu/berlin.json

A laptop with a folder of such files knows which apps a site would park: \`holdfast diff --fleet --facts facts\`. docs/fleet-diff.md
describes the file.`;

const { site, dockerHost, hostRoot, filesDir } = agentSettings;

const options = {
  site,
  dockerHost,
  hostRoot,
  filesDir,
  ...configSetting,
  dir: optional(text('dir'), 'write to DIR/SITE.json, and print its path'),
};

/** Writes the facts of this machine. */
export const command = defineCommand({
  options,
  notes: NOTES,
  exitCodes: { 0: 'written', 2: 'bad input, or the engine does not answer' },
  resolve: (flags) => resolveSettings(options, { flags, environment: process.env, fileOption: 'config' }),
  async run(_, { site: name = 'default', dockerHost: engine, hostRoot: root, filesDir: files, dir }) {
    const host = mountedHost({ clock: systemClock, root, filesDir: files });
    const machine = await withEngine(name, engine, async (opened) => (await opened.facts()).host);
    const json = JSON.stringify(await recordFacts(name, host, machine), null, 2);
    if (dir === undefined) printJson(json);
    else {
      const file = resolve(dir, siteFile(name));
      await systemDisk.write(file, `${json}\n`, 0o644);
      print(file);
    }
    return EXIT.ok;
  },
});

async function recordFacts(name: string, host: MountedHost, machine: HostOfEngine = {}): Promise<RecordedFacts> {
  const { arch, os, engine, memory, runtimes } = machine;
  return {
    apiVersion: 'holdfast/v1',
    kind: 'Facts',
    site: name,
    at: systemClock.wall().toISOString(),
    arch,
    os,
    engine,
    memory,
    runtimes,
    devices: await host.devices(),
    udev: await host.known(),
    gpus: await host.gpus(),
    disk: await host.disk(),
  };
}
