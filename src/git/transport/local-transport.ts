import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { SourceError } from '../../lib/errors.ts';
import { excerpt } from '../../lib/text/printable.ts';
import { type Conversation, type StreamTransportOptions, streamTransport } from './stream-transport.ts';
import type { Transport } from './transport.ts';

/** A repo in a folder of this machine, bare or with a work tree, read by the machine's own `git`. Only what is committed is seen. */
export function localTransport(dir: string, options: Pick<StreamTransportOptions, 'clock' | 'limits'>): Transport {
  return streamTransport({ ...options, host: dir, open: async () => uploadPack(dir), close: () => {} });
}

function uploadPack(dir: string): Conversation {
  if (!existsSync(dir)) throw new SourceError('notFound', `There is no folder ${dir}`);
  const child = spawn('git', ['upload-pack', dir], {
    env: { ...process.env, GIT_PROTOCOL: 'version=2' },
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  const closed = new Promise((resolve) => child.once('close', resolve));
  let words = '';
  let failed: NodeJS.ErrnoException | undefined;
  child.on('error', (error) => {
    failed = error;
  });
  // It ends when it is told so, and what it is told after that is lost with it.
  child.stdin.on('error', (error) => {
    failed ??= error;
  });
  child.stderr.on('data', (chunk: Buffer) => {
    words = (words + chunk.toString('utf8')).slice(0, 2000);
  });
  return {
    output: child.stdout,
    tell: (text) => child.stdin.write(text),
    end: () => {
      child.stdin.end();
      child.kill();
    },
    async failure() {
      // Its last words may come after the end of its answer.
      await closed;
      if (failed?.code === 'ENOENT')
        return new SourceError('unreachable', `${dir} cannot be read: a repo in a folder needs the program git`);
      return words === ''
        ? undefined
        : new SourceError('notFound', `${dir} cannot be read as a Git repo: ${excerpt(words)}`);
    },
  };
}
