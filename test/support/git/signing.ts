import { execFile, spawn } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** A key pair of ssh-keygen's. */
export interface KeyPair {
  /** The private key; beside it lies the public one, with `.pub`. */
  file: string;
  /** `TYPE BASE64 COMMENT`. */
  line: string;
  fingerprint: string;
}

export async function sshKeyPair(dir: string, name: string, type = 'ed25519', bits?: number): Promise<KeyPair> {
  const file = join(dir, name);
  await run('ssh-keygen', ['-q', '-t', type, ...(bits ? ['-b', String(bits)] : []), '-N', '', '-C', name, '-f', file]);
  const line = (await readFile(`${file}.pub`, 'utf8')).trim();
  const fingerprint = (await run('ssh-keygen', ['-l', '-f', `${file}.pub`])).stdout.split(' ')[1] ?? '';
  return { file, line, fingerprint };
}

/** Signs the message with `ssh-keygen -Y sign`. */
export async function sshSign(
  key: KeyPair,
  message: string | Uint8Array,
  namespace = 'git',
  hash = 'sha512',
): Promise<string> {
  return piped('ssh-keygen', ['-Y', 'sign', '-n', namespace, '-f', key.file, '-O', `hashalg=${hash}`], message);
}

/** True when `ssh-keygen -Y verify` accepts the signature. */
export async function sshVerifies(
  dir: string,
  allowed: string,
  message: string | Uint8Array,
  signature: string,
  namespace = 'git',
): Promise<boolean> {
  const [signers, file] = [join(dir, 'allowed'), join(dir, 'signature')];
  await writeFile(signers, `${allowed}\n`);
  await writeFile(file, signature);
  return piped('ssh-keygen', ['-Y', 'verify', '-f', signers, '-I', 'who', '-n', namespace, '-s', file], message).then(
    () => true,
    () => false,
  );
}

/** An OpenPGP key in a GNUPGHOME of its own. */
export async function pgpKey(
  home: string,
  name: string,
  type = 'ed25519',
): Promise<{ fingerprint: string; armored: string }> {
  const gpg = (...args: string[]): Promise<{ stdout: string }> =>
    run('gpg', ['--homedir', home, '--batch', '--quiet', ...args]);
  await gpg('--passphrase', '', '--quick-gen-key', `${name} <${name}@example.org>`, type, 'sign', '0');
  const listed = (await gpg('--with-colons', '--list-keys', `${name}@example.org`)).stdout;
  const fingerprint = /^fpr:+([0-9A-F]{40}):/m.exec(listed)?.[1] ?? '';
  return { fingerprint, armored: (await gpg('--armor', '--export', fingerprint)).stdout };
}

/** Ends the agent that gpg starts for a home. */
export const endGpg = (home: string): Promise<unknown> => run('gpgconf', ['--homedir', home, '--kill', 'all']);

export function piped(
  program: string,
  args: string[],
  input: string | Uint8Array,
  options: { cwd?: string; env?: Record<string, string> } = {},
): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, {
      cwd: options.cwd,
      env: { ...process.env, ...options.env },
      stdio: ['pipe', 'pipe', 'pipe'],
    });
    const out: Buffer[] = [];
    const err: Buffer[] = [];
    child.stdout.on('data', (chunk: Buffer) => out.push(chunk));
    child.stderr.on('data', (chunk: Buffer) => err.push(chunk));
    child.on('error', reject);
    child.on('close', (code) => {
      if (code === 0) resolve(Buffer.concat(out).toString('utf8'));
      else reject(new Error(`${program} ${args.join(' ')}: ${Buffer.concat(err)}`));
    });
    // A program that ends before it has read says why by its exit code.
    child.stdin.on('error', () => {});
    child.stdin.end(input);
  });
}
