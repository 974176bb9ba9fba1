import type { Readable } from 'node:stream';
import { EngineError } from '../../lib/errors.ts';
import { asEngineError } from './errors.ts';

/** Bytes that are kept: the last ones. */
const MOST_KEPT = 4096;
/** Bytes that are read at most, in case a line never ends. */
const MOST_READ = 1024 * 1024;
/** Lines that an engine is asked for. */
export const LAST_LINES = 20;
const DEADLINE_MS = 10_000;

/**
 * Keeps the end of an output. If both streams of a program come as one, the engine frames them: eight bytes, the last four of which tell how many follow
 * (Engine API, "Stream format"). docker-modem's demuxStream calls itself for each frame: a program that prints byte by byte overflows its stack.
 */
export function endOfOutput(isFramed: boolean): { take(chunk: Buffer): void; text(): string } {
  let rest = Buffer.alloc(0);
  let kept = Buffer.alloc(0);
  const keep = (bytes: Buffer): void => {
    kept = Buffer.concat([kept, bytes]).subarray(-MOST_KEPT);
  };
  return {
    take(chunk) {
      if (!isFramed) return keep(chunk);
      rest = Buffer.concat([rest, chunk]);
      while (rest.length >= 8 && rest.length >= 8 + rest.readUInt32BE(4)) {
        const size = rest.readUInt32BE(4);
        keep(rest.subarray(8, 8 + size));
        rest = rest.subarray(8 + size);
      }
    },
    text: () => kept.toString('utf8'),
  };
}

/** The end of a container's log, from the stream of its last lines. */
export async function readLastOutput(stream: Readable, hasTerminal: boolean): Promise<string> {
  const output = endOfOutput(!hasTerminal);
  try {
    await drain(stream, output.take);
    return output.text();
  } catch (error) {
    throw error instanceof EngineError ? error : asEngineError(error, 'read', 'its socket');
  } finally {
    stream.destroy();
  }
}

async function drain(stream: Readable, take: (chunk: Buffer) => void): Promise<void> {
  const late = setTimeout(() => stream.destroy(new EngineError('failed', 'the logs do not end')), DEADLINE_MS);
  let bytes = 0;
  try {
    for await (const chunk of stream as AsyncIterable<Buffer>) {
      bytes += chunk.length;
      take(chunk);
      if (bytes > MOST_READ) return;
    }
  } finally {
    clearTimeout(late);
  }
}
