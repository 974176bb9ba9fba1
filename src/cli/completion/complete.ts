import { own } from '../../lib/maps/own.ts';
import type { Command, Commands } from '../command.ts';
import { flagOf, kebab, type Option } from '../options/option.ts';
import type { Candidate, Candidates } from './candidate.ts';
import { type RepoNames, repoNames } from './repo-names.ts';

const SHELLS = ['bash', 'zsh', 'fish'];

/**
 * Completes the last of the words that follow `holdfast`. It reads the names of sites, apps and services from the config repo that the words name, or that the
 * current folder is.
 */
export async function complete(words: readonly string[], commands: Commands): Promise<Candidates> {
  const current = words.at(-1) ?? '';
  const [name, ...before] = words.slice(0, -1);
  const found =
    name === undefined || name === 'help'
      ? commandsFor(current, commands)
      : await ofCommand(commands, name, before, current);
  return found === 'files' ? found : found.filter(({ word }) => word.startsWith(current));
}

const commandsFor = (current: string, commands: Commands): Candidate[] =>
  current.startsWith('-')
    ? [{ word: '--help' }, { word: '--version' }]
    : [...Object.entries(commands).map(([word, { summary }]) => ({ word, help: summary })), { word: 'help' }];

async function ofCommand(
  commands: Commands,
  name: string,
  before: readonly string[],
  current: string,
): Promise<Candidates> {
  const listed = own(commands, name);
  if (!listed) return [];
  const { command } = await listed.load();
  const last = before.at(-1);
  const open = last === undefined ? undefined : optionOf(command, last);
  const { operands, given } = split(command, before);
  const names = repoNames(
    given.get('folder') ?? (command.argument?.name === '[folder]' ? operands[0] : undefined) ?? '.',
  );
  if (open?.option.placeholder) return valuesOf(open.key, open.option, names, given);
  if (current.startsWith('-')) return flagsOf(command, before);
  return operandsOf(name, operands, current, names);
}

/** The option that a word is the flag of. */
function optionOf({ options }: Command, word: string): { key: string; option: Option<unknown> } | undefined {
  const found = Object.entries(options).find(
    ([key, { short }]) => word === flagOf(key) || (short !== undefined && word === `-${short}`),
  );
  return found && { key: found[0], option: found[1] };
}

/** The operands among words, and the values of options by key. */
function split(command: Command, words: readonly string[]): { operands: string[]; given: Map<string, string> } {
  const operands: string[] = [];
  const given = new Map<string, string>();
  for (let index = 0; index < words.length; index++) {
    const word = words[index] as string;
    const found = optionOf(command, word);
    if (found?.option.placeholder) given.set(found.key, words[++index] ?? '');
    else if (!word.startsWith('-')) operands.push(word);
  }
  return { operands, given };
}

function flagsOf(command: Command, before: readonly string[]): Candidate[] {
  const flags = Object.entries(command.options).flatMap(([key, option]): Candidate[] => {
    if (option.isSecret || (before.includes(flagOf(key)) && !option.split)) return [];
    const no = option.helpOfNo ? [{ word: `--no-${kebab(key)}`, help: option.helpOfNo }] : [];
    return [{ word: flagOf(key), help: option.help }, ...no];
  });
  return [...flags, { word: '--help' }];
}

async function valuesOf(
  key: string,
  { placeholder = '' }: Option<unknown>,
  names: RepoNames,
  given: ReadonlyMap<string, string>,
): Promise<Candidates> {
  if (placeholder.includes('|')) return placeholder.split('|').map((word) => ({ word }));
  if (key === 'site') return names.sites();
  if (key === 'app') return names.apps(given.get('site'));
  return ['file', 'dir'].includes(placeholder) ? 'files' : [];
}

async function operandsOf(
  name: string,
  operands: readonly string[],
  current: string,
  names: RepoNames,
): Promise<Candidates> {
  const [first, second] = operands;
  switch (name) {
    case 'completion':
      return SHELLS.map((word) => ({ word }));
    case 'schema':
      return Object.keys((await import('../../fleet/schema/schemas.ts')).SCHEMAS).map((word) => ({ word }));
    case 'explain':
      if (first === undefined) return names.sites();
      if (second === undefined) return names.apps(first);
      return operands.length === 2 ? names.services(first, second, current) : [];
    default:
      return 'files';
  }
}
