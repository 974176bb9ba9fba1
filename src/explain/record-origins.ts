import type { FileVariables, LoadTrace, OriginsOf } from '../compose/load/trace.ts';
import { placeIn } from '../compose/load/values/place-in.ts';
import type { Position } from '../lib/errors.ts';
import type { YamlNode } from '../yaml/node.ts';

/** The origins that loading an app told. */
export interface Origins {
  trace: LoadTrace;
  /** The values of variables in a Compose file. */
  originsIn(file: string): OriginsOf | undefined;
  isIncluded(file: string): boolean;
  /** The service that a value of `service` was written in, if it was taken over by `extends`. */
  extendsOf(service: string, at: Position): string | undefined;
  /** The `.env` that gives a variable this value. */
  dotenvWith(name: string, value: string): FileVariables | undefined;
}

export function recordOrigins(): Origins {
  const files = new Map<string, { origins: OriginsOf; isIncluded: boolean }>();
  // A chain of `extends` is told from its far end, so the first record with a position has the service that it is written in.
  const extended: { service: string; of: string; positions: Set<string> }[] = [];
  const dotenvs: FileVariables[] = [];
  return {
    trace: {
      read: (file, origins, isIncluded) => void files.set(file, { origins, isIncluded }),
      extended: (service, of, base) => void extended.push({ service, of, positions: positionsIn(base) }),
      dotenv: (read) => void dotenvs.push(read),
    },
    originsIn: (file) => files.get(file)?.origins,
    isIncluded: (file) => files.get(file)?.isIncluded ?? false,
    extendsOf(service, at) {
      const has = ({ positions }: { positions: Set<string> }): boolean => positions.has(keyOf(at));
      if (!extended.some((each) => each.service === service && has(each))) return undefined;
      return extended.find(has)?.of;
    },
    dotenvWith: (name, value) => dotenvs.find(({ variables }) => variables.get(name)?.text === value),
  };
}

/** The line of an environment file that sets a variable, and its value as written there; `${NAME}` where it has none. */
export function writtenIn(
  { text, file }: Omit<FileVariables, 'variables'>,
  name: string,
): { at: Position; raw: string } {
  const at = placeIn({ text, file }, name);
  const rest = text
    .split('\n')
    .slice(at.line - 1)
    .join('\n');
  const [, raw] = /^[^=:\n]*[=:][^\S\n]*("(?:\\[\s\S]|[^"\\])*"|'(?:\\[\s\S]|[^'\\])*'|[^\n]*)/.exec(rest) ?? [];
  return { at, raw: raw ?? `\${${name}}` };
}

const keyOf = ({ file, line, column }: Position): string => `${file}:${line}:${column}`;

function positionsIn(root: YamlNode): Set<string> {
  const found = new Set<string>();
  const visit = (node: YamlNode): void => {
    found.add(keyOf(node.at));
    if (node.replaced) visit(node.replaced);
    if (node.kind === 'sequence') node.items.forEach(visit);
    if (node.kind !== 'mapping') return;
    for (const { keyAt, value } of [...node.entries, ...(node.removed ?? []).map(({ entry }) => entry)]) {
      found.add(keyOf(keyAt));
      visit(value);
    }
  };
  visit(root);
  return found;
}
