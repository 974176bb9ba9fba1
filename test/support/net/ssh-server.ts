import { existsSync } from 'node:fs';
import { chmod, mkdir, mkdtemp, readFile, writeFile } from 'node:fs/promises';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import { install, isDebian, isRoot } from '../../../scripts/machine/debian.ts';
import { hasCommand, run, startDaemon, stopProcesses, tail, until } from '../../../scripts/machine/processes.ts';
import { freePort } from './registry.ts';

/** A real sshd on loopback that lets in one key and gives it an engine by `docker system dial-stdio`. */
export interface SshServer {
  /** Environment of a user whose ssh knows the key, and the host if it is to. */
  env(options: { known: boolean }): Record<string, string>;
  stop(): Promise<void>;
}

/** It takes root, and an sshd: installed is one only where nothing would start it for everybody. */
export async function canStartSshServer(): Promise<boolean> {
  if (!isRoot()) return false;
  if ((await hasCommand('sshd')) && (await hasCommand('ssh'))) return true;
  return (await isDebian()) && !existsSync('/run/systemd/system');
}

/**
 * Keeps its files in a folder below `dir`; `socket` is the engine's. `ssh` takes its configuration from the home of the user database, not from HOME,
 * so the one on the PATH is a script that names ours.
 */
export async function startSshServer(dir: string, socket: string): Promise<SshServer> {
  const missing = [
    ...((await hasCommand('sshd')) ? [] : ['openssh-server']),
    ...((await hasCommand('ssh')) ? [] : ['openssh-client']),
  ];
  if (missing.length > 0) await install(missing);
  const home = await mkdtemp(join(dir, 'ssh-'));
  await run('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', join(home, 'host')]);
  await run('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', join(home, 'user')]);
  await writeFile(join(home, 'authorized'), await readFile(join(home, 'user.pub')), { mode: 0o600 });
  const port = await freePort();
  const [kind, key] = (await readFile(join(home, 'host.pub'), 'utf8')).split(' ');
  await writeFile(join(home, 'known'), `[127.0.0.1]:${port} ${kind} ${key}\n`);
  await writeFile(join(home, 'unknown'), '');

  // Every client gets an engine by `docker system dial-stdio`, as with the docker client.
  await mkdir(join(home, 'bin'));
  await writeFile(join(home, 'dial.mjs'), DIAL);
  await writeFile(
    join(home, 'bin', 'docker'),
    `#!/bin/sh\nexec '${process.execPath}' '${join(home, 'dial.mjs')}' "$@"\n`,
  );
  await chmod(join(home, 'bin', 'docker'), 0o755);
  await writeFile(
    join(home, 'sshd_config'),
    [
      `ListenAddress 127.0.0.1:${port}`,
      `HostKey ${join(home, 'host')}`,
      `AuthorizedKeysFile ${join(home, 'authorized')}`,
      `PidFile ${join(home, 'sshd.pid')}`,
      `SetEnv PATH=${join(home, 'bin')}:/usr/bin:/bin`,
      'StrictModes no',
      'UsePAM no',
      'PasswordAuthentication no',
      'KbdInteractiveAuthentication no',
      'PermitRootLogin prohibit-password',
      '',
    ].join('\n'),
  );
  // sshd insists on its folder for privilege separation. It stays, since the sshd of another test may run.
  await mkdir('/run/sshd', { recursive: true, mode: 0o755 });
  const sshd = (await run('sh', ['-c', 'PATH="$PATH:/usr/sbin:/sbin"; command -v sshd'])).trim();
  const log = join(home, 'sshd.log');
  const daemon = await startDaemon(sshd, ['-D', '-e', '-f', join(home, 'sshd_config')], log);
  const stop = async (): Promise<void> => {
    await stopProcesses([daemon.pid], 3000);
  };
  const listens = async (): Promise<boolean> => /listening on/.test(await tail(log));
  const isUp = await until(async () => daemon.hasExited() || (await listens()), 20_000);
  if (!isUp || daemon.hasExited()) {
    const words = await tail(log);
    await stop();
    throw new Error(`sshd did not come up:\n${words}`);
  }

  const ssh = (await run('sh', ['-c', 'command -v ssh'])).trim();
  for (const which of ['known', 'unknown']) {
    await mkdir(join(home, which === 'known' ? 'knowing' : 'unknowing'));
    const script = join(home, which === 'known' ? 'knowing' : 'unknowing', 'ssh');
    const words = [
      `-F /dev/null -i '${join(home, 'user')}' -o IdentitiesOnly=yes -o BatchMode=yes`,
      `-o StrictHostKeyChecking=yes -o UserKnownHostsFile='${join(home, which)}' -o GlobalKnownHostsFile=/dev/null`,
    ];
    await writeFile(script, `#!/bin/sh\nexec '${ssh}' ${words.join(' ')} "$@"\n`);
    await chmod(script, 0o755);
  }
  return {
    stop,
    env: ({ known }) => ({
      DOCKER_HOST: `ssh://${userInfo().username}@127.0.0.1:${port}${socket}`,
      PATH: `${join(home, known ? 'knowing' : 'unknowing')}:${process.env.PATH}`,
    }),
  };
}

/** Does the same as `docker [--host unix://PATH] system dial-stdio`: standard input and output are a connection to the engine. */
const DIAL = `import { connect } from 'node:net';
const words = process.argv.slice(2);
const at = words.indexOf('--host');
const path = at < 0 ? '/var/run/docker.sock' : words.splice(at, 2)[1].slice('unix://'.length);
if (words.join(' ') !== 'system dial-stdio') throw new Error('unexpected: ' + words.join(' '));
const engine = connect(path);
process.stdin.pipe(engine);
engine.pipe(process.stdout);
engine.on('error', (error) => { console.error(error.message); process.exit(1); });
engine.on('close', () => process.exit(0));
`;
