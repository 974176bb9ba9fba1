import { CommanderError, Option as Flag, Command as Parser } from 'commander';
import { formatProblem, HoldfastError, InputError } from '../lib/errors.ts';
import { own } from '../lib/maps/own.ts';
import { line } from '../lib/text/line.ts';
import { VERSION } from '../lib/version.ts';
import type { Command } from './command.ts';
import { COMMANDS } from './commands.ts';
import { EXIT } from './exit.ts';
import { flagOf, kebab, type Option } from './options/option.ts';
import { errorPalette, printError } from './output/terminal.ts';

/** Runs the command line and resolves to the exit code. Never throws: an error becomes one clear message on standard error. */
export async function run(args: string[]): Promise<number> {
  try {
    const program = programParser();
    const parsers = Object.entries(COMMANDS).map(([name, { summary }]) => program.command(name).description(summary));
    const name = commandIn(args);
    const parser = parsers.find((each) => each.name() === name);
    const command = name === undefined ? undefined : (await own(COMMANDS, name)?.load())?.command;
    if (parser && command) describe(parser, command);
    // Ends with an error for words that are no command, and for those that ask for help.
    program.parse(args, { from: 'user' });
    return parser && command ? await command.start(parser.args, parser.opts(), COMMANDS) : EXIT.input;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.ok : EXIT.input;
    return report(error);
  }
}

function report(error: unknown): number {
  const palette = errorPalette();
  if (error instanceof InputError) {
    for (const problem of error.problems) printError(line`${palette.error('error:')} ${formatProblem(problem)}`);
    return EXIT.input;
  }
  if (error instanceof HoldfastError) {
    printError(line`${palette.error('error:')} ${error.message}`);
    // A repo or an engine that cannot be reached was not changed. An engine that fails later fails an app, which is no error of the command.
    return error.code === 'SOURCE' || error.code === 'ENGINE' ? EXIT.input : EXIT.failed;
  }
  const calls = error instanceof Error ? (error.stack ?? '').split('\n').filter((text) => /^ {4}at /.test(text)) : [];
  printError(line`${palette.error('this is a defect in Holdfast:')} ${String(error)}`);
  printError(calls);
  return EXIT.failed;
}

const programParser = (): Parser =>
  new Parser('holdfast')
    .description('GitOps for fleets of edge sites: Compose files in Git become running containers, and stay so.')
    .version(VERSION, '-V, --version', 'print the version')
    .helpOption('-h, --help', 'print this help')
    .helpCommand('help [command]', 'print the help of a command')
    .exitOverride()
    .configureOutput({ outputError: (text) => printError(text.trimEnd().split('\n')) })
    .showSuggestionAfterError()
    .showHelpAfterError('(--help lists commands and options)');

/** The command that the words name, or ask for help with. */
function commandIn(args: readonly string[]): string | undefined {
  const [first, second] = args.filter((word) => !word.startsWith('-'));
  return first === 'help' ? second : first;
}

/** Tells the parser all that the command takes, and its help. */
function describe(parser: Parser, { argument, usage, options, notes, exitCodes }: Command): void {
  if (argument) parser.argument(argument.name, argument.help);
  if (usage !== undefined) parser.usage(usage);
  for (const [key, option] of Object.entries(options)) for (const flag of flagsOf(key, option)) parser.addOption(flag);
  const codes = Object.entries(exitCodes).map(([code, meaning]) => `  ${code}  ${meaning}`);
  parser.addHelpText('after', ['', ...(notes ? [notes, ''] : []), 'Exit codes:', ...codes].join('\n'));
  // With an action it is a command to run, not one that asks for a subcommand.
  parser.action(() => undefined);
}

function flagsOf(key: string, option: Option<unknown>): Flag[] {
  if (option.isSecret) return [];
  const { short, placeholder, fallback, helpOfNo, split } = option;
  const name = `${short ? `-${short}, ` : ''}${flagOf(key)}${placeholder ? ` <${placeholder}>` : ''}`;
  const notes = [
    ...(option.variable ? [`environment: ${option.variable}`] : []),
    ...(fallback ? [`default: ${fallback}`] : []),
  ];
  const flag = new Flag(name, notes.length > 0 ? `${option.help} (${notes.join('; ')})` : option.help);
  if (split) flag.argParser((text, before: string[] = []) => [...before, ...split(text, flagOf(key))]);
  return [
    flag.makeOptionMandatory(option.isRequired === true),
    ...(helpOfNo ? [new Flag(`--no-${kebab(key)}`, helpOfNo)] : []),
  ];
}
