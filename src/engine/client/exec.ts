import type { Readable } from 'node:stream';
import { setTimeout as pause } from 'node:timers/promises';
import type Docker from 'dockerode';
import type { ExecBody } from '../../container/engine-api.ts';
import { EngineError } from '../../lib/errors.ts';
import type { Caller } from './call.ts';
import { endOfOutput } from './output.ts';

/** Milliseconds that a command may take. */
const DEADLINE_MS = 600_000;
/** Milliseconds between two looks at a running command: they double from the first number to the last. */
const LOOKS_MS = [20, 1000] as const;
/** Milliseconds to wait for the rest of the output, which may come after the exit code. A process that the command left running keeps the output open. */
const LAST_WORDS_MS = 500;

/** Runs a command in a container and waits until its process ends. Processes that it leaves running are not waited for. */
export async function execInContainer(
  caller: Caller,
  id: string,
  body: ExecBody,
): Promise<{ exitCode: number; output: string }> {
  const exec = await caller.act<Docker.Exec>('exec', (docker, passed) =>
    docker.getContainer(encodeURIComponent(id)).exec({ ...body, AttachStdout: true, AttachStderr: true, ...passed }),
  );
  const look = () => caller.read<{ Running: boolean; ExitCode: number | null }>((_, passed) => exec.inspect(passed));
  let stream: Readable;
  try {
    stream = await caller.act<Readable>('exec', (_, passed) => exec.start({ Detach: false, Tty: false, ...passed }));
  } catch (error) {
    // If the command does not exist, newer engines refuse to start it, and set its exit code anyway.
    if (!(error instanceof EngineError) || !/runtime|executable/i.test(error.message)) throw error;
    const { ExitCode } = await look();
    return { exitCode: ExitCode || 126, output: error.message };
  }
  const output = collect(stream);
  try {
    const [first, last] = LOOKS_MS;
    const until = performance.now() + DEADLINE_MS;
    let hasEnded = false;
    for (let wait: number = first; ; wait = Math.min(2 * wait, last)) {
      // When the output ends, it looks at once. After that it waits for the process only.
      if (hasEnded) await pause(wait);
      else hasEnded = await output.endedWithin(wait);
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

/** Collects the end of an output. It may end in an error: the engine is asked for the exit code anyway. */
function collect(stream: Readable): { text(): string; endedWithin(ms: number): Promise<boolean> } {
  const output = endOfOutput(true);
  stream.on('data', output.take);
  const ended = new Promise<true>((resolve) => {
    for (const event of ['end', 'close', 'error']) stream.on(event, () => resolve(true));
  });
  return {
    text: output.text,
    async endedWithin(ms) {
      const waiting = new AbortController();
      try {
        return await Promise.race([ended, pause(ms, false, { signal: waiting.signal })]);
      } finally {
        waiting.abort();
      }
    },
  };
}
