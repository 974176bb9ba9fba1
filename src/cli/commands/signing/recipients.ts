import { join, resolve } from 'node:path';
import { readApplications } from '../../../fleet/applications.ts';
import { readSites } from '../../../fleet/nowhere.ts';
import { systemDisk } from '../../../lib/disk.ts';
import { InputError } from '../../../lib/errors.ts';
import { line } from '../../../lib/text/line.ts';
import type { SiteDocument } from '../../../model/fleet.ts';
import { RULES_MARK, sopsRules } from '../../../scaffold/sops-rules.ts';
import { folderSnapshot } from '../../../source/folder-snapshot.ts';
import { defineCommand } from '../../command.ts';
import { EXIT } from '../../exit.ts';
import { folderArgument } from '../../options/desired-options.ts';
import { text } from '../../options/kinds.ts';
import { onOff, repeated } from '../../options/option.ts';
import { errorPalette, print, printError } from '../../output/terminal.ts';

const NOTES = `Files below apps/NAME are encrypted for the recipients of the sites that run the app. \`sops\` reads the rules when it makes a file; \`sops updatekeys FILE\`
encrypts the key of a file for the rules of now, and restarts nothing. \`holdfast validate\` names the files that a site cannot decrypt.`;

const FILE = '.sops.yaml';

export const command = defineCommand({
  argument: folderArgument,
  options: {
    also: repeated(text('age1…'), 'a recipient of every file, as the key of a person who edits them'),
    check: onOff('write nothing, and say if the file would change'),
    print: onOff('print the rules instead, for a .sops.yaml that has rules of your own'),
  },
  notes: NOTES,
  exitCodes: {
    0: 'written, printed, or as it should be',
    1: 'with --check: it would change',
    2: 'bad input; nothing was written',
  },
  async run(folder, options) {
    const root = resolve(folder ?? '.');
    const snapshot = await folderSnapshot(root, {});
    const sites: SiteDocument[] = [];
    for await (const site of readSites(snapshot)) sites.push(site);
    const stray = options.also.find((key) => !/^age1[0-9a-z]+$/.test(key));
    if (stray !== undefined) throw InputError.of('--also must be a public age key, as age1…');
    const rules = sopsRules(await readApplications(snapshot), sites, options.also);
    for (const { app, sites: silent } of rules.without)
      printError(
        line`${errorPalette().change('warning:')} ${app}: ${named(silent)} ${silent.length === 1 ? 'has' : 'have'} no recipients, and cannot decrypt its files`,
      );
    if (options.print) {
      print(rules.text.trimEnd().split('\n'));
      return EXIT.ok;
    }
    const path = join(root, FILE);
    const found = await systemDisk.read(path);
    const before = found && Buffer.from(found).toString('utf8');
    if (before === rules.text) {
      print(`${FILE} is as it should be: rules for ${count(rules.apps)}`);
      return EXIT.ok;
    }
    if (before !== undefined && !before.startsWith(RULES_MARK))
      throw InputError.of(`${FILE} has rules of your own`, 'print those of Holdfast with --print, and put them there');
    if (options.check) {
      print(`${FILE} would change`);
      return EXIT.differences;
    }
    await systemDisk.write(path, rules.text);
    print(
      `wrote ${FILE}: rules for ${count(rules.apps)}; now \`sops updatekeys\` each encrypted file whose recipients changed`,
    );
    return EXIT.ok;
  },
});

const MOST_NAMED = 5;

const named = (sites: readonly string[]): string =>
  `${sites.slice(0, MOST_NAMED).join(', ')}${sites.length > MOST_NAMED ? ` and ${sites.length - MOST_NAMED} more` : ''}`;

const count = (apps: number): string => `${apps} app${apps === 1 ? '' : 's'}`;
