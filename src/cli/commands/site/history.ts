import { shortRevision } from '../../../lib/text/revision.ts';
import type { HistoryEntry } from '../../../model/status/history.ts';
import { askHistory, askStatus } from '../../agent/agent-socket.ts';
import { requireApp } from '../../agent/app-of-status.ts';
import { defineCommand, one } from '../../command.ts';
import { EXIT } from '../../exit.ts';
import { oneOf } from '../../options/kinds.ts';
import { withDefault } from '../../options/option.ts';
import { type Column, tableLines } from '../../output/table.ts';
import { palette, print, printJson } from '../../output/terminal.ts';
import { siteSettings } from '../../settings/agent-settings.ts';
import { resolveSettings } from '../../settings/resolve-settings.ts';

const NOTES = `The newest entry is the last. A state is told when it has lasted for a minute, and a failure when it is the first of a row. The agent keeps at most
500 entries and 256 KiB; beyond that, the app with the most entries loses its oldest one. Times are by the clock of the site.`;

const options = {
  stateDir: siteSettings.stateDir,
  output: withDefault(oneOf('text', 'json'), 'text', 'the format', { short: 'o' }),
};

export const command = defineCommand({
  argument: one('app', 'only this app'),
  options,
  notes: NOTES,
  exitCodes: { 0: 'the history was printed', 2: 'bad input, or no agent answers' },
  resolve: (flags) => resolveSettings(options, { flags, environment: process.env }),
  async run(app, { stateDir, output }) {
    const { entries: all, ...history } = await askHistory(stateDir);
    const entries = app === undefined ? all : all.filter((entry) => entry.app === app);
    // An app that is gone has a history, and no status.
    if (entries.length === 0) requireApp(await askStatus(stateDir), app);
    if (output === 'json')
      printJson(JSON.stringify({ apiVersion: 'holdfast/v1', kind: 'SiteHistory', ...history, entries }, null, 2));
    else print(entries.length > 0 ? tableLines(entries, COLUMNS, palette()) : 'nothing is recorded yet');
    return EXIT.ok;
  },
});

const COLUMNS: readonly Column<HistoryEntry>[] = [
  { head: 'TIME', cell: ({ at }) => seconds(at) },
  { head: 'APP', cell: ({ app = '' }) => app },
  { head: 'REVISION', cell: ({ revision }) => (revision === undefined ? '' : shortRevision(revision)) },
  { head: 'EVENT', cell: ({ kind }) => kind },
  {
    head: 'TEXT',
    cell: ({ text, times, lastAt }) =>
      `${text}${lastAt === undefined ? '' : ` (${times} times, last at ${seconds(lastAt)})`}`,
  },
];

/** `2026-11-27T12:00:03Z`. */
const seconds = (at: string): string => at.replace(/\.[0-9]+Z$/, 'Z');
