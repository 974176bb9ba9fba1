import { describe, expect, test } from '@jest/globals';
import { AGENT_FLAGS, asAgent, type Process } from '../../../../src/cli/start/agent-process.ts';

type Call = { file: string; args: string[]; env: NodeJS.ProcessEnv };

/** A process that writes down what it is replaced by. */
function processWith(given: { execArgv?: string[]; env?: NodeJS.ProcessEnv } = {}) {
  const calls: Call[] = [];
  const own = {
    argv: ['/usr/bin/node', '/opt/holdfast.js', 'agent', '--repo', 'https://example.org/fleet.git'],
    env: given.env ?? { PATH: '/bin' },
    execArgv: given.execArgv ?? [],
    execPath: '/usr/bin/node',
    pid: 17,
    execve: (file: string, args: string[], env: NodeJS.ProcessEnv) => void calls.push({ file, args, env }),
  };
  return { calls, own: own as unknown as Process };
}

/** The process that `call` makes of it, under the same ID. */
const replacedBy = (call: Call | undefined, file = '/opt/holdfast.js') => {
  const args = call?.args ?? [];
  return processWith({ execArgv: args.slice(1, args.indexOf(file)), ...(call && { env: call.env }) });
};

describe('an agent that is started with plain node', () => {
  test('becomes one with the settings of V8 and the C library, with the same arguments', () => {
    const { calls, own } = processWith();
    asAgent(own);
    expect(calls).toEqual([
      {
        file: '/usr/bin/node',
        args: ['/usr/bin/node', ...AGENT_FLAGS, ...own.argv.slice(1)],
        env: { PATH: '/bin', MALLOC_MMAP_THRESHOLD_: '32768', HOLDFAST_AGENT_PROCESS: '17' },
      },
    ]);
  });

  test('does that once, and gives the mark of it to no child', () => {
    const first = processWith();
    asAgent(first.own);
    const second = replacedBy(first.calls[0]);
    asAgent(second.own);
    expect(second.calls).toEqual([]);
    expect(Object.keys(second.own.env)).not.toContain('HOLDFAST_AGENT_PROCESS');
  });

  test('does it once even where Node does not show the flags that it was given', () => {
    const first = processWith();
    asAgent(first.own);
    const second = processWith({ ...(first.calls[0] && { env: first.calls[0].env }) });
    asAgent(second.own);
    expect(second.calls).toEqual([]);
  });

  test('is not kept from it by the mark of another process, which its environment came from', () => {
    const { calls, own } = processWith({ env: { HOLDFAST_AGENT_PROCESS: '16' } });
    asAgent(own);
    expect(calls).toHaveLength(1);
  });
});

describe('an agent that was given settings', () => {
  test('is left alone where none is missing, as in the image', () => {
    const { calls, own } = processWith({ execArgv: [...AGENT_FLAGS], env: { MALLOC_MMAP_THRESHOLD_: '32768' } });
    asAgent(own);
    expect(calls).toEqual([]);
  });

  test.each([
    ['on the command line', { execArgv: ['--max_old_space_size=200', '--inspect'] }],
    ['by NODE_OPTIONS', { env: { NODE_OPTIONS: '--inspect --max-old-space-size=200' } }],
  ])('keeps its own ones, %s', (_, given) => {
    const { calls, own } = processWith(given);
    asAgent(own);
    const flags = AGENT_FLAGS.filter((flag) => !flag.startsWith('--max-old'));
    expect(calls[0]?.args).toEqual(['/usr/bin/node', ...flags, ...own.execArgv, ...own.argv.slice(1)]);
  });

  test('keeps its own threshold', () => {
    const { calls, own } = processWith({ env: { MALLOC_MMAP_THRESHOLD_: '65536' } });
    asAgent(own);
    expect(calls[0]?.env.MALLOC_MMAP_THRESHOLD_).toBe('65536');
  });
});

test('where Node cannot replace a process, the agent runs in this one', () => {
  const { own } = processWith();
  expect(() => asAgent({ ...own, execve: undefined } as unknown as Process)).not.toThrow();
});
