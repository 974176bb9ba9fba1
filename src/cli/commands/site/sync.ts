import { Line, line, type Palette } from '../../../lib/text/line.ts';
import type { Look, SyncAnswer } from '../../../model/sync-answer.ts';
import { askSync } from '../../agent/agent-socket.ts';
import { codeOf, requireApp } from '../../agent/app-of-status.ts';
import { defineCommand, one } from '../../command.ts';
import { EXIT } from '../../exit.ts';
import { statusLines } from '../../output/status/status-lines.ts';
import { palette, print } from '../../output/terminal.ts';
import { siteSettings } from '../../settings/agent-settings.ts';
import { resolveSettings } from '../../settings/resolve-settings.ts';

const NOTES = `The agent polls Git, compares with the engine, and tries again at once what failed and waits for its next attempt. Policy, trust, sync windows and
rollouts hold as before. The answer comes when both were looked at, or after 30 s; the changes themselves may take longer, and
\`holdfast status --watch\` shows them.`;

const options = { stateDir: siteSettings.stateDir };

export const command = defineCommand({
  argument: one('app', 'end the backoffs of only this app, and of the images, networks and volumes, which apps share'),
  options,
  notes: NOTES,
  exitCodes: {
    0: 'Git and the engine were looked at, and the site, or the app, is well, or on its way',
    1: 'one of them does not answer, or something is wrong',
    2: 'bad input, or no agent answers',
  },
  resolve: (flags) => resolveSettings(options, { flags, environment: process.env }),
  async run(app, { stateDir }) {
    const answer = await askSync(stateDir, app);
    requireApp(answer.status, app);
    print(linesOf(answer, palette(), app));
    return answer.git.is === 'done' && answer.engine.is === 'done' ? codeOf(answer.status, app) : EXIT.failed;
  },
});

const linesOf = ({ git, engine, status }: SyncAnswer, colours: Palette, app: string | undefined): Line[] => [
  lookLine('Git', git, colours),
  lookLine('the engine', engine, colours),
  Line.of(''),
  ...statusLines(status, colours, app),
];

function lookLine(name: string, look: Look, { add, change, error }: Palette): Line {
  if (look.is === 'done') return add(`looked at ${name}`);
  if (look.is === 'going') return change(`${name} has not answered yet; the agent goes on looking`);
  return line`${error(`could not look at ${name}`)}: ${look.text}`;
}
