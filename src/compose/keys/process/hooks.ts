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
  const compiled = (each: HookKeys): Hook => ({
    command: each.command ?? [],
    ...(each.user && { user: each.user }),
    ...(each.privileged && { privileged: true }),
    ...(each.working_dir && { workingDir: each.working_dir }),
    ...(each.environment?.length && {
      env: Object.fromEntries(each.environment.map(({ name, value }) => [name, value])),
    }),
  });
  const postStart = (keys.post_start ?? []).map(compiled);
  const preStop = (keys.pre_stop ?? []).map(compiled);
  return postStart.length + preStop.length > 0 ? { postStart, preStop } : undefined;
}
