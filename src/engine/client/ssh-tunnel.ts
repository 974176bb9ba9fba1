import { type ChildProcess, spawn } from 'node:child_process';
import { rmSync } from 'node:fs';
import { mkdtemp } from 'node:fs/promises';
import { createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { InputError } from '../../lib/errors.ts';

/** A socket on this machine that leads to an engine behind ssh. */
export interface SshTunnel {
  socketPath: string;
  /** The last output of an ssh that failed. */
  trouble(): string | undefined;
  close(): void;
}

/**
 * Works as the docker client does: each connection is an `ssh HOST docker system dial-stdio`, so that the user's own ssh, with its configuration,
 * agent and known hosts, decides which host to trust. The socket is in a folder that only this user can enter.
 */
export async function openSshTunnel(url: URL, environment: NodeJS.ProcessEnv): Promise<SshTunnel> {
  const words = sshArguments(url);
  const folder = await mkdtemp(join(tmpdir(), 'holdfast-ssh-'));
  const socketPath = join(folder, 'engine.sock');
  const children = new Set<ChildProcess>();
  let trouble: string | undefined;

  const server = createServer((socket: Socket) => {
    const child = spawn('ssh', words, { env: environment, stdio: ['pipe', 'pipe', 'pipe'] });
    children.add(child);
    let complaint = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      complaint = (complaint + text).slice(-2000);
    });
    child.on('error', (error) => {
      trouble = `ssh cannot be run: ${error.message}`;
      socket.destroy();
    });
    child.on('close', (code) => {
      children.delete(child);
      trouble = code === 0 ? undefined : complaint.trim().split('\n').at(-1) || trouble;
      socket.destroy();
    });
    // After a broken pipe the other side ends, too.
    for (const stream of [socket, child.stdin, child.stdout]) stream.on('error', () => socket.destroy());
    socket.pipe(child.stdin);
    child.stdout.pipe(socket);
    socket.on('close', () => child.kill());
  });
  await new Promise<void>((resolve, reject) => server.once('error', reject).listen(socketPath, resolve));
  server.unref();

  return {
    socketPath,
    trouble: () => trouble,
    close: () => {
      server.close();
      for (const child of children) child.kill();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** No shell is involved, and no part of the address can be taken for an option. */
export function sshArguments(url: URL): string[] {
  if (url.password)
    throw InputError.of(`the engine's address ${url.protocol}//${url.host} holds a password`, 'use ssh keys');
  if (!url.hostname) throw InputError.of('the engine’s ssh address names no host', 'ssh://USER@HOST');
  const path = url.pathname.replace(/^\/$/, '');
  return [
    '-o',
    'ConnectTimeout=30',
    '-T',
    ...(url.username ? ['-l', decodeURIComponent(url.username)] : []),
    ...(url.port ? ['-p', url.port] : []),
    '--',
    url.hostname.replace(/^\[(.*)\]$/, '$1'),
    'docker',
    ...(path ? ['--host', `unix://${quoted(path)}`] : []),
    'system',
    'dial-stdio',
  ];
}

/** ssh gives its arguments to the shell of the other side. */
function quoted(path: string): string {
  if (!/^[\w./-]+$/.test(path))
    throw InputError.of(`the socket ${path} in the engine's ssh address is not a plain path`);
  return path;
}
