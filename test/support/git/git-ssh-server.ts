import { chmod, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import { install } from '../../../scripts/machine/debian.ts';
import { hasCommand, run, startDaemon, stopProcesses, tail, until } from '../../../scripts/machine/processes.ts';
import { freePort } from '../net/registry.ts';
import { bareRepo, type GitRepo } from './git-repo.ts';

/** A real sshd on loopback that lets in one key, and Git with it. */
export interface GitSshServer {
  port: number;
  /** The private keys that are let in: one plain, one behind the passphrase `open sesame`. */
  keyFile: string;
  lockedKeyFile: string;
  /** One that nobody knows. */
  strangerKeyFile: string;
  /** Lines for a known_hosts file, by type of key. */
  hostKeys: Record<'ed25519' | 'ecdsa' | 'rsa', string>;
  /** The public part of a host key, as known_hosts has it behind the name. */
  publicKey(type: 'ed25519' | 'ecdsa' | 'rsa'): Promise<string>;
  repo(name: string): Promise<GitRepo>;
  start(): Promise<void>;
  stop(): Promise<void>;
}

/** Keeps its files in a folder below `dir`. `acceptEnv`: lets the wish for protocol version 2 through, as hosts of Git do and Debian does not. */
export async function startGitSshServer(dir: string, { acceptEnv = true } = {}): Promise<GitSshServer> {
  if (!(await hasCommand('sshd'))) await install(['openssh-server']);
  const home = await mkdtemp(join(dir, 'git-ssh-'));
  const keygen = (type: string, file: string, passphrase = '') =>
    run('ssh-keygen', ['-q', '-t', type, '-N', passphrase, '-f', join(home, file)]);
  for (const type of ['ed25519', 'ecdsa', 'rsa']) await keygen(type, `host-${type}`);
  await keygen('ed25519', 'user');
  await keygen('rsa', 'locked', 'open sesame');
  await keygen('ed25519', 'stranger');
  const read = (file: string): Promise<string> => readFile(join(home, file), 'utf8');
  await writeFile(join(home, 'authorized'), (await read('user.pub')) + (await read('locked.pub')), { mode: 0o600 });
  const port = await freePort();
  const publicKey = async (type: string): Promise<string> =>
    (await read(`host-${type}.pub`)).split(' ').slice(0, 2).join(' ');
  await writeFile(
    join(home, 'sshd_config'),
    [
      `ListenAddress 127.0.0.1:${port}`,
      ...['ed25519', 'ecdsa', 'rsa'].map((type) => `HostKey ${join(home, `host-${type}`)}`),
      `AuthorizedKeysFile ${join(home, 'authorized')}`,
      `PidFile ${join(home, 'sshd.pid')}`,
      ...(acceptEnv ? ['AcceptEnv GIT_PROTOCOL'] : []),
      'StrictModes no',
      'UsePAM no',
      'PasswordAuthentication no',
      'KbdInteractiveAuthentication no',
      'PermitRootLogin prohibit-password',
      '',
    ].join('\n'),
  );
  const sshd = (await run('sh', ['-c', 'PATH="$PATH:/usr/sbin:/sbin"; command -v sshd'])).trim();
  const log = join(home, 'sshd.log');
  await mkdir(join(home, 'repos'));
  await chmod(home, 0o755);
  let daemon: Awaited<ReturnType<typeof startDaemon>> | undefined;
  const server: GitSshServer = {
    port,
    keyFile: join(home, 'user'),
    lockedKeyFile: join(home, 'locked'),
    strangerKeyFile: join(home, 'stranger'),
    hostKeys: {
      ed25519: `[127.0.0.1]:${port} ${await publicKey('ed25519')}\n`,
      ecdsa: `[127.0.0.1]:${port} ${await publicKey('ecdsa')}\n`,
      rsa: `[127.0.0.1]:${port} ${await publicKey('rsa')}\n`,
    },
    publicKey,
    repo: (name) => {
      const path = join(home, 'repos', `${name}.git`);
      return bareRepo(path, () => `ssh://${userInfo().username}@127.0.0.1:${port}${path}`);
    },
    async start() {
      // sshd insists on its folder for privilege separation. It stays, since the sshd of another test may run.
      await mkdir('/run/sshd', { recursive: true, mode: 0o755 });
      await rm(log, { force: true });
      const started = await startDaemon(sshd, ['-D', '-e', '-f', join(home, 'sshd_config')], log);
      daemon = started;
      const isUp = await until(async () => started.hasExited() || /listening on/.test(await tail(log)), 20_000);
      if (isUp && !started.hasExited()) return;
      const words = await tail(log);
      await server.stop();
      throw new Error(`sshd did not come up:\n${words}`);
    },
    async stop() {
      // With those who are in: each has a process of its own, which outlives the server.
      if (daemon) await stopProcesses([daemon.pid, ...(await childrenOf(daemon.pid))], 3000);
      daemon = undefined;
    },
  };
  await server.start();
  return server;
}

async function childrenOf(pid: number): Promise<number[]> {
  const text = await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8').catch(() => '');
  return text.split(' ').filter(Boolean).map(Number);
}
