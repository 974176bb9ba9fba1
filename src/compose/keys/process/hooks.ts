import { present } from '../../../container/present.ts';
import type { Hook, Hooks } from '../../../model/spec.ts';
import { flag, list, map, text } from '../decode.ts';
import { type Decoded, record } from '../record.ts';
import { command } from './command.ts';
import { environment } from './environment.ts';

const HOOK = record('a hook', { command, user: text, privileged: flag, working_dir: text, environment });

type HookKeys = Decoded<{
  command: typeof command;
  user: typeof text;
  privileged: typeof flag;
  working_dir: typeof text;
  environment: typeof environment;
}>;

/** Reads `post_start` and `pre_stop`: commands that run in the container, one after the other. */
export const hooks = list(
  map(HOOK, (hook, node, report): HookKeys | undefined =>
    hook.command?.length ? hook : report.error(node, 'the hook has no command'),
  ),
);

/** The hooks of a service; undefined when it has none. As in Compose, a variable without a value is removed and not looked up. */
export function hooksOf(keys: {
  post_start?: HookKeys[] | undefined;
  pre_stop?: HookKeys[] | undefined;
}): Hooks | undefined {
  const compiled = ({ command, user, privileged, working_dir, environment = [] }: HookKeys): Hook =>
    present({
      command,
      user,
      privileged,
      workingDir: working_dir,
      env: Object.fromEntries(environment.map(({ name, value }) => [name, value])),
    });
  const postStart = (keys.post_start ?? []).map(compiled);
  const preStop = (keys.pre_stop ?? []).map(compiled);
  return postStart.length + preStop.length > 0 ? { postStart, preStop } : undefined;
}
