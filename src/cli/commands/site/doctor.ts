import { defineCommand } from '../../command.ts';
import { CHECKS } from '../../doctor/checks.ts';
import { examine } from '../../doctor/examine.ts';
import { findingLines } from '../../doctor/lines.ts';
import { openSubject } from '../../doctor/subject.ts';
import { EXIT } from '../../exit.ts';
import { oneOf } from '../../options/kinds.ts';
import { withDefault } from '../../options/option.ts';
import { palette, print, printJson } from '../../output/terminal.ts';
import { agentSettings, configSetting } from '../../settings/agent-settings.ts';
import { resolveSettings } from '../../settings/resolve-settings.ts';

/** Milliseconds that one check may take. */
const LIMIT = 20_000;

const NOTES = `It reads the settings of the agent: flags, variables and the config file. Run it as the agent runs: as the same user, and where the agent is a
container, in it:

    docker exec holdfast-agent node /opt/holdfast/holdfast.js doctor

It writes nothing. A repo and registries are asked, and nothing is fetched. The credential command of the settings is run, if there is one.`;

const settings = { ...agentSettings, ...configSetting };
const output = withDefault(oneOf('text', 'json'), 'text', 'the format', { short: 'o' });
const options = { ...settings, output };

export const command = defineCommand({
  options,
  notes: NOTES,
  exitCodes: {
    0: 'all is ok',
    1: 'something needs attention; the lines say what to do',
    2: 'bad input; nothing was checked',
  },
  resolve: (flags) => resolveSettings(options, { flags, environment: process.env, fileOption: 'config' }),
  async run(_, given) {
    const ending = AbortSignal.timeout(LIMIT);
    const subject = openSubject(given, process.env, ending);
    const findings = await examine(CHECKS, subject, LIMIT + 1000);
    // An engine that hangs while it is opened is not waited for.
    void subject.close();
    if (given.output === 'text') print(findingLines(findings, palette()));
    else printJson(JSON.stringify({ apiVersion: 'holdfast/v1', kind: 'SiteExamination', findings }, null, 2));
    return findings.every(({ level }) => level === 'ok') ? EXIT.ok : EXIT.failed;
  },
});
