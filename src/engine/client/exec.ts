import type { IncomingMessage } from 'node:http';
import type { ExecBody } from '../../container/engine-api.ts';
import { EngineError } from '../../lib/errors.ts';
import type { Caller } from './call.ts';
import { endOfOutput } from './output.ts';

/** Milliseconds that a command may take; a service that needs longer does that work itself. */
const DEADLINE_MS = 600_000;
/** Milliseconds between two looks at a command that runs: doubling from the first to the last. */
const LOOKS_MS = [20, 1000] as const;
/** Milliseconds for the last words, which the engine may send after it tells the end. A process that the command leaves running keeps the output open. */
const LAST_WORDS_MS = 500;

/** Runs a command in a container and waits for its end, as for that of its process and not of what it leaves running. */
export async function execInContainer(
  caller: Caller,
  id: string,
  body: ExecBody,
): Promise<{ exitCode: number; output: string }> {
  const { Id } = await caller.json<{ Id: string }>({
    call: 'exec',
    method: 'POST',
    path: `/containers/${encodeURIComponent(id)}/exec`,
    body: { ...body, AttachStdout: true, AttachStderr: true },
  });
  const look = (): Promise<{ Running: boolean; ExitCode: number | null }> =>
    caller.json({ call: 'read', method: 'GET', path: `/exec/${Id}/json` });
  let stream: IncomingMessage;
  try {
    stream = await caller.stream({
      call: 'exec',
      method: 'POST',
      path: `/exec/${Id}/start`,
      body: { Detach: false, Tty: false },
    });
  } catch (error) {
    // Newer engines refuse to start what cannot be found, and give it an exit code all the same.
    if (!(error instanceof EngineError) || !/runtime|executable/i.test(error.message)) throw error;
    const { ExitCode } = await look();
    return { exitCode: ExitCode || 126, output: error.message };
  }
  const output = collect(stream);
  try {
    const [first, last] = LOOKS_MS;
    const until = performance.now() + DEADLINE_MS;
    for (let wait: number = first; ; wait = Math.min(2 * wait, last)) {
      await output.endedOr(wait);
      const { Running, ExitCode } = await look();
      if (!Running && ExitCode !== null) {
        await output.endedWithin(LAST_WORDS_MS);
        return { exitCode: ExitCode, output: output.text() };
      }
      if (performance.now() > until) {
        throw new EngineError(
          'failed',
          `a command in the container did not end within ${DEADLINE_MS / 60_000} minutes`,
        );
      }
    }
  } finally {
    stream.destroy();
  }
}

interface Collected {
  text(): string;
  endedOr(ms: number): Promise<void>;
  endedWithin(ms: number): Promise<void>;
}

function collect(stream: IncomingMessage): Collected {
  const output = endOfOutput(true);
  let wake = (): void => {};
  let ended = false;
  const end = (): void => {
    ended = true;
    wake();
  };
  stream.on('data', output.take);
  // How it ended, the engine is asked for itself.
  for (const event of ['end', 'close', 'error']) stream.on(event, end);
  return {
    text: output.text,
    endedWithin: (ms) =>
      new Promise((resolve) => {
        if (ended) return resolve();
        const timer = setTimeout(resolve, ms);
        for (const event of ['end', 'close', 'error']) {
          stream.once(event, () => {
            clearTimeout(timer);
            resolve();
          });
        }
      }),
    endedOr: (ms) =>
      new Promise((resolve) => {
        const timer = setTimeout(resolve, ms);
        wake = () => {
          // Once only: from then on it is the process that is waited for.
          wake = () => {};
          clearTimeout(timer);
          resolve();
        };
        if (ended && ms === LOOKS_MS[0]) wake();
      }),
  };
}
