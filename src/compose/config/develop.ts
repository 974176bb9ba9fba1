import { present } from '../../container/present.ts';
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

/** Prints an entry of `develop.watch`. Compose prints an absent command, too. */
export function trigger(value: Trigger, path: (written: string) => string): Json {
  const { environment = [], command = null, user, privileged, working_dir } = value.exec ?? {};
  return {
    ...printKeys(value, TRIGGER, undefined),
    path: path(value.path ?? '.'),
    exec: {
      command,
      ...present<{ [key: string]: Json }>({
        user,
        privileged,
        working_dir,
        environment: Object.fromEntries(environment.map((pair) => [pair.name, pair.value])),
      }),
    },
  };
}
