/**
 * How node is started for the agent: a small heap that is collected often, and no optimizing compilers for what works some milliseconds a minute.
 * The Dockerfile and the systemd unit hold the same words, since nothing runs before them that could read this; test/unit/docs compares them.
 */
export const AGENT_FLAGS: readonly string[] = [
  '--max-semi-space-size=1',
  '--max-old-space-size=64',
  '--no-opt',
  '--no-maglev',
];
