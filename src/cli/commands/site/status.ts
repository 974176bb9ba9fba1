import { setTimeout as sleep } from 'node:timers/promises';
import type { SiteStatus } from '../../../model/status/site-status.ts';
import { askStatus } from '../../agent/agent-socket.ts';
import { codeOf, requireApp } from '../../agent/app-of-status.ts';
import { defineCommand, one } from '../../command.ts';
import { oneOf } from '../../options/kinds.ts';
import { onOff, withDefault } from '../../options/option.ts';
import { statusLines } from '../../output/status/status-lines.ts';
import { palette, print, printJson } from '../../output/terminal.ts';
import { siteSettings } from '../../settings/agent-settings.ts';
import { resolveSettings } from '../../settings/resolve-settings.ts';

/** Milliseconds between two looks of --watch. */
const AGAIN_MS = 2000;

const NOTES = `The agent answers at a socket in its state folder; nothing is asked over a network. Where the agent is a container, ask in it:

    docker exec holdfast-agent holdfast status
    ssh site-17 docker exec holdfast-agent holdfast status -o json`;

const options = {
  stateDir: siteSettings.stateDir,
  output: withDefault(oneOf('text', 'json'), 'text', 'the format', { short: 'o' }),
  watch: onOff('print the status again whenever it changes, until Ctrl-C'),
};

export const command = defineCommand({
  argument: one('app', 'only this app'),
  options,
  notes: NOTES,
  exitCodes: {
    0: 'the site, or the app, is well, or on its way',
    1: 'something is wrong; the first line says what',
    2: 'bad input, or no agent answers',
  },
  resolve: (flags) => resolveSettings(options, { flags, environment: process.env }),
  async run(app, { stateDir, output, watch }) {
    let told = '';
    for (;;) {
      const status = await askStatus(stateDir);
      requireApp(status, app);
      const text = JSON.stringify({ ...status, asOf: undefined, agent: undefined, engine: status.engine.trouble });
      if (text !== told) show(status, app, output);
      told = text;
      if (!watch) return codeOf(status, app);
      await sleep(AGAIN_MS);
    }
  },
});

function show(status: SiteStatus, app: string | undefined, output: 'text' | 'json'): void {
  const apps = status.apps.filter((each) => app === undefined || each.app === app);
  if (output === 'text') print(statusLines(status, palette(), app));
  else printJson(JSON.stringify({ apiVersion: 'holdfast/v1', kind: 'SiteStatus', ...status, apps }, null, 2));
}
