/**
 * The flags of node for the agent: a small heap that is collected often, and no optimizing compilers, because the agent works only some
 * milliseconds a minute. The Dockerfile and the systemd unit repeat these flags; test/unit/docs compares them.
 */
export const AGENT_FLAGS: readonly string[] = [
  '--max-semi-space-size=1',
  '--max-old-space-size=64',
  '--no-opt',
  '--no-maglev',
];
