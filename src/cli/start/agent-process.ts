/**
 * Node's flags for the agent: a small heap that is collected often, and no compilers of V8 for work of some milliseconds a minute. Another process,
 * which has the compilers, unpacks large packs. Hundreds of starts with these flags ended normally; with `--optimize-for-size` an agent hung.
 */
export const AGENT_FLAGS: readonly string[] = [
  '--max-semi-space-size=1',
  '--max-old-space-size=64',
  '--no-opt',
  '--no-maglev',
  '--no-sparkplug',
];

/**
 * glibc gives buffers of this many bytes and more back to the system when they are freed. Otherwise they leave holes in its heap, and an agent
 * stays 10 MB larger after a fetch.
 */
export const AGENT_ENVIRONMENT: Readonly<Record<string, string>> = { MALLOC_MMAP_THRESHOLD_: '32768' };

/** Holds the process ID of an agent that was replaced, so that it is not replaced a second time. Its children have other IDs. */
const REPLACED = 'HOLDFAST_AGENT_PROCESS';

/** The parts of `process` that this file uses, so that a test can give its own. */
export type Process = Pick<NodeJS.Process, 'argv' | 'env' | 'execArgv' | 'execPath' | 'execve' | 'pid'>;

/**
 * Replaces this process by one that has the settings above, with the same process ID, where they are missing: V8 and the C library read them only
 * when they start. A setting that the user gave, also by NODE_OPTIONS, stays. Before Node 22.15 nothing can replace a process; the agent then
 * runs with the settings that it has.
 */
export function asAgent(own: Process = process): void {
  const isReplaced = own.env[REPLACED] === String(own.pid);
  delete own.env[REPLACED];
  if (isReplaced || own.execve === undefined) return;
  const given = [...own.execArgv, ...(own.env.NODE_OPTIONS ?? '').split(/\s+/)].map(nameOf);
  const flags = AGENT_FLAGS.filter((flag) => !given.includes(nameOf(flag)));
  const variables = Object.entries(AGENT_ENVIRONMENT).filter(([name]) => own.env[name] === undefined);
  if (flags.length === 0 && variables.length === 0) return;
  own.execve(own.execPath, [own.execPath, ...flags, ...own.execArgv, ...own.argv.slice(1)], {
    ...own.env,
    ...Object.fromEntries(variables),
    [REPLACED]: String(own.pid),
  });
}

/** Node and V8 take `_` for `-`, and a value after `=`. */
const nameOf = (flag: string): string => flag.split('=')[0]?.replaceAll('_', '-') ?? '';
