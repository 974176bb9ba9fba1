import { flagOf, type Given, type Options, type OptionsOf, readOptions } from './options/option.ts';

/** The words that a command takes besides options, as `[folder]` or `<where...>`, with their help. */
export interface Argument<A> {
  name: string;
  help: string;
  read(words: readonly string[]): A;
}

/** One word, which may be left out. */
export const one = (name: string, help: string): Argument<string | undefined> => ({
  name: `[${name}]`,
  help,
  read: ([word]) => word,
});

/** Several words, or none. */
export const any = (name: string, help: string): Argument<string[]> => ({
  name: `[${name}...]`,
  help,
  read: (words) => [...words],
});

/** At least one word. */
export const some = (name: string, help: string): Argument<string[]> => ({ ...any(name, help), name: `<${name}...>` });

interface Definition<A, O extends Options> {
  argument?: Argument<A> | undefined;
  /** Replaces the line that is made of argument and options. */
  usage?: string;
  options: O;
  /** Printed below the options. */
  notes?: string;
  /** The meaning of each exit code that the command has. */
  exitCodes: { 0: string; 1?: string; 2: string };
  /** Gives the options, if they come from more than flags. */
  resolve?(flags: Readonly<Record<string, Given>>): Promise<OptionsOf<O>>;
  /** Gives the exit code. `commands` has all commands, for one that tells of the others. */
  run(argument: A, options: OptionsOf<O>, commands: Commands): number | Promise<number>;
}

/** A command as the program sees it, without the types that only the command knows. */
export interface Command extends Pick<Definition<unknown, Options>, 'usage' | 'options' | 'notes' | 'exitCodes'> {
  argument?: Pick<Argument<unknown>, 'name' | 'help'> | undefined;
  start(words: readonly string[], flags: Readonly<Record<string, Given>>, commands?: Commands): Promise<number>;
}

/** A command in the list of all. */
export interface Listed {
  /** Says in `holdfast --help` what the command does; the command's own help begins with it. */
  summary: string;
  /** The file that defines the command. It is loaded when the command runs, since most of the program is behind it. */
  load(): Promise<{ command: Command }>;
}

export type Commands = Readonly<Record<string, Listed>>;

/** Defines a command once. `run` gets its argument and options in the types that their definitions say. */
export function defineCommand<O extends Options, A = undefined>(definition: Definition<A, O>): Command {
  const { argument, options, resolve = async (flags) => fromFlags(options, flags), run, ...help } = definition;
  return {
    ...help,
    options,
    argument,
    // `A` is undefined for a command without an argument.
    start: async (words, flags, commands = {}) => run(argument?.read(words) as A, await resolve(flags), commands),
  };
}

const fromFlags = <O extends Options>(options: O, flags: Readonly<Record<string, Given>>): OptionsOf<O> =>
  readOptions(options, (key) => {
    const given = flags[key];
    return given === undefined ? undefined : { given, origin: { name: flagOf(key) } };
  });
