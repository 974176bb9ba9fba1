import type { Develop } from '../keys/develop.ts';
import { type Json, type Printers, printKeys, unlessEmpty } from './printer.ts';

type Trigger = NonNullable<Develop['watch']>[number];

const TRIGGER: Printers<Trigger> = {
  path: () => undefined,
  action: unlessEmpty,
  target: unlessEmpty,
  ignore: unlessEmpty,
  include: unlessEmpty,
  initial_sync: unlessEmpty,
  exec: () => undefined,
};

/** One entry of `develop.watch`. Compose writes a command that is not there, too. */
export function trigger(value: Trigger, path: (written: string) => string): Json {
  const { environment, command = null, user, privileged, working_dir } = value.exec ?? {};
  return {
    ...printKeys(value, TRIGGER, undefined),
    path: path(value.path ?? '.'),
    exec: {
      command,
      ...(user && { user }),
      ...(privileged && { privileged }),
      ...(working_dir && { working_dir }),
      ...(environment?.length && {
        environment: Object.fromEntries(environment.map((pair) => [pair.name, pair.value])),
      }),
    },
  };
}
