import { join, resolve } from 'node:path';
import { systemDisk } from '../../../lib/disk.ts';
import { InputError } from '../../../lib/errors.ts';
import { line } from '../../../lib/text/line.ts';
import { type GroupPlan, isIdle } from '../../../recipients/group-plan.ts';
import {
  planRecipients,
  type RecipientsPlan,
  type RecipientsResult,
  sealRecipients,
  strayGroups,
} from '../../../recipients/plan-recipients.ts';
import { RULES_MARK } from '../../../recipients/sops-rules.ts';
import type { ToEncrypt } from '../../../recipients/to-encrypt.ts';
import { folderSnapshot } from '../../../source/folder-snapshot.ts';
import { defineCommand } from '../../command.ts';
import { EXIT } from '../../exit.ts';
import { folderArgument } from '../../options/desired-options.ts';
import { ownFile, text } from '../../options/kinds.ts';
import { onOff, repeated } from '../../options/option.ts';
import { errorPalette, print, printError } from '../../output/terminal.ts';
import { readKeys } from '../../repo/age-keys.ts';

const NOTES = `Files below apps/NAME are encrypted for the recipients of the sites that run the app, or for its group (\`recipientGroups\` in fleet.yaml), and for the people
under \`recipients\` in fleet.yaml. A file under \`valuesFrom\` is encrypted for all apps and Sites that name it. \`sops\` reads the rules when it makes a file. For a group, keys/
gets its key, encrypted for each of its sites and for the people. That needs the private key of one of them, except for the first key of a group. The command ends with
the files of sops to encrypt again, and the secrets to change.`;

const FILE = '.sops.yaml';

export const command = defineCommand({
  argument: folderArgument,
  options: {
    ageKeyFile: repeated(ownFile, 'a file with the private key of a person, to open the keys of groups'),
    renew: repeated(text('group'), 'make a new key for a group, as after a site of it was stolen'),
    check: onOff('write nothing, and say if a file would change'),
    print: onOff('print the rules instead of writing them, for a .sops.yaml that has rules of your own'),
  },
  notes: NOTES,
  exitCodes: {
    0: 'written, printed, or as it should be',
    1: 'with --check: a file would change',
    2: 'bad input; nothing was written',
  },
  async run(folder, options) {
    const root = resolve(folder ?? '.');
    const snapshot = await folderSnapshot(root, {});
    const plan = await planRecipients(snapshot, options.renew);
    for (const warning of [...warningsOf(plan), ...(await strayWarnings(snapshot, plan))])
      printError(line`${errorPalette().change('warning:')} ${warning}`);
    const busy = plan.groups.filter((group) => !isIdle(group));
    if (options.check && busy.length > 0) {
      print(busy.map(({ group }) => `the key files of ${group} would change`));
      return EXIT.differences;
    }
    const before = options.print ? undefined : await readRules(root);
    const own = (await Promise.all(options.ageKeyFile.map(readKeys))).flat();
    const result = await sealRecipients(snapshot, plan, own);
    const isSame = before === result.rules;
    if (options.check && !options.print && !isSame) {
      print(`${FILE} would change`);
      return EXIT.differences;
    }
    const write = ([path, content]: [string, string]): Promise<void> => systemDisk.write(join(root, path), content);
    for (let from = 0; from < result.keyFiles.length; from += AT_ONCE)
      await Promise.all(result.keyFiles.slice(from, from + AT_ONCE).map(write));
    for (const record of result.records) await write(record);
    for (const path of result.remove) await systemDisk.remove(join(root, path));
    if (!options.print && !isSame) await systemDisk.write(join(root, FILE), result.rules);
    if (options.print) print(result.rules.trimEnd().split('\n'));
    const tell = options.print ? printError : print;
    tell([...busy.map(inWords), ...(options.print ? [] : [ruleWords(result, isSame)]), ...toDo(result.toEncrypt)]);
    return EXIT.ok;
  },
});

/** A disk syncs many files in about the time of one. */
const AT_ONCE = 100;

/** The rules that are there; undefined where there are none. Throws InputError for rules of a person. */
async function readRules(root: string): Promise<string | undefined> {
  const found = await systemDisk.read(join(root, FILE));
  const text = found && Buffer.from(found).toString('utf8');
  if (text !== undefined && !text.startsWith(RULES_MARK))
    throw InputError.of(`${FILE} has rules of your own`, 'print those of Holdfast with --print, and put them there');
  return text;
}

/** Above so many sites, a file with a key for each of them is large, and each new site changes all files. */
const MOST_SINGLE = 50;

/** About apps that have encrypted files. */
function warningsOf({ members, values, files }: RecipientsPlan): string[] {
  const encrypted = new Set(files.map(({ path }) => path));
  const reads = (app: string): boolean =>
    [...encrypted].some((path) => path.startsWith(`apps/${app}/`)) ||
    values.some(({ path, apps }) => apps.has(app) && encrypted.has(path));
  return members
    .filter(({ app }) => reads(app))
    .flatMap(({ app, silent, keys, group }) => [
      ...(silent.length > 0
        ? [
            `${app}: ${named(silent)} ${silent.length === 1 ? 'has' : 'have'} no recipients, and cannot decrypt its files`,
          ]
        : []),
      ...(!group && keys.size > MOST_SINGLE
        ? [
            `${app}: each of its files is encrypted for ${keys.size} sites, and each new site changes them (put it in a group: \`recipientGroups: { ${app}: { apps: [${app}] } }\` in fleet.yaml)`,
          ]
        : []),
    ]);
}

const strayWarnings = async (...given: Parameters<typeof strayGroups>): Promise<string[]> =>
  (await strayGroups(...given)).map(
    (path) => `${path} is of no group in fleet.yaml; delete it when no file is encrypted for its keys`,
  );

function inWords({ group, renewal, seal, sites, remove }: GroupPlan): string {
  const all = count(sites.size, 'site');
  switch (renewal?.kind) {
    case 'first':
      return `${group}: made its key, and encrypted it for ${all}`;
    case 'asked':
      return `${group}: made a new key, and encrypted it for ${all}`;
    case 'left': {
      const left = [
        ...(renewal.sites.length > 0 ? [named(renewal.sites)] : []),
        ...(renewal.people > 0 ? [renewal.people === 1 ? 'a person' : `${renewal.people} people`] : []),
      ].join(' and ');
      return `${group}: made a new key, since ${left} left, and encrypted it for ${all}`;
    }
    case undefined:
      if (seal.length > 0) return `${group}: encrypted its key for ${named(seal)}`;
      return remove.length > 0 ? `${group}: removed ${named(remove)}` : `${group}: encrypted its key for the people`;
  }
}

function ruleWords({ apps, valuesFiles }: RecipientsResult, isSame: boolean): string {
  const rules = `${count(apps, 'app')}${valuesFiles > 0 ? ` and ${count(valuesFiles, 'file')} with values` : ''}`;
  return isSame ? `${FILE} is as it should be: rules for ${rules}` : `wrote ${FILE}: rules for ${rules}`;
}

function toDo(files: readonly ToEncrypt[]): string[] {
  const known = files.filter((file) => file.known.length > 0);
  return [
    ...(files.length > 0 ? ['', 'encrypt these files again, since others should be able to read them:'] : []),
    ...files.map(({ commands }) => `  ${commands.join(' && ')}`),
    ...(known.length > 0
      ? ['', 'change these secrets, unless the key that was taken out is one that you replaced yourself:']
      : []),
    ...known.map((file) => `  ${file.path}: ${named(file.known)}`),
  ];
}

const MOST_NAMED = 5;

const named = (names: readonly string[]): string =>
  `${names.slice(0, MOST_NAMED).join(', ')}${names.length > MOST_NAMED ? ` and ${names.length - MOST_NAMED} more` : ''}`;

const count = (number: number, what: string): string => `${number} ${what}${number === 1 ? '' : 's'}`;
