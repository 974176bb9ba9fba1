import { spawn } from 'node:child_process';
import { InputError } from '../../lib/errors.ts';

export interface Ran {
  code: number;
  stdout: Buffer;
  stderr: string;
}

/** Runs a program of this machine to its end. Throws InputError where there is none of that name. */
export function runProgram(
  program: string,
  args: readonly string[],
  cwd: string,
  input: string | Uint8Array = '',
): Promise<Ran> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { cwd, stdio: ['pipe', 'pipe', 'pipe'] });
    const out: Buffer[] = [];
    const err: Buffer[] = [];
    child.stdout.on('data', (chunk: Buffer) => out.push(chunk));
    child.stderr.on('data', (chunk: Buffer) => err.push(chunk));
    child.on('error', (error: NodeJS.ErrnoException) =>
      reject(
        error.code === 'ENOENT'
          ? InputError.of(`this needs the program ${program} on this machine, and the folder ${cwd}`)
          : error,
      ),
    );
    child.on('close', (code) =>
      resolve({ code: code ?? 1, stdout: Buffer.concat(out), stderr: Buffer.concat(err).toString('utf8').trim() }),
    );
    // A program that ends before it has read says why by its exit code.
    child.stdin.on('error', () => {});
    child.stdin.end(input);
  });
}

/** What Git prints. Throws InputError with Git's own words where it fails. */
export async function git(cwd: string, args: readonly string[], input?: string | Uint8Array): Promise<Buffer> {
  const { code, stdout, stderr } = await runProgram('git', args, cwd, input);
  if (code !== 0) throw InputError.of(`git ${args[0]} failed: ${stderr || `exit code ${code}`}`);
  return stdout;
}

/** The same, as a word; undefined where Git fails. */
export async function gitWord(cwd: string, args: readonly string[]): Promise<string | undefined> {
  const { code, stdout } = await runProgram('git', args, cwd);
  return code === 0 ? stdout.toString('utf8').trim() : undefined;
}
