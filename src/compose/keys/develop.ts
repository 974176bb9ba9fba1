import { type Decoder, flag, list, listOrOne, text, withShape, word } from './decode.ts';
import { command } from './process/command.ts';
import { environment } from './process/environment.ts';
import { record } from './record.ts';

/** A command that runs after a file changed. */
const HOOK = { command, user: text, privileged: flag, working_dir: text, environment };

const WATCH = {
  path: text,
  action: word('rebuild', 'sync', 'restart', 'sync+restart', 'sync+exec'),
  target: text,
  ignore: listOrOne(text),
  include: listOrOne(text),
  initial_sync: flag,
  exec: record('develop.watch.exec', HOOK),
};

const DEVELOP = record('develop', { watch: list(record('develop.watch', WATCH)) });

/** Reads `develop`, which has no effect, to report its mistakes and to print it. */
export const develop: Decoder<Develop> = withShape(DEVELOP.shape, (node, report) =>
  node.kind === 'scalar' && node.value === null ? undefined : DEVELOP(node, report),
);

export type Develop = NonNullable<ReturnType<typeof DEVELOP>>;
