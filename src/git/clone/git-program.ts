import { InputError } from '../../lib/errors.ts';
import { type ProgramEnd, runProgram } from '../../lib/program.ts';

/** Runs a program in a folder. Throws InputError where this machine lacks it. */
export async function programIn(
  cwd: string,
  program: string,
  args: readonly string[],
  input?: string | Uint8Array,
): Promise<ProgramEnd> {
  try {
    return await runProgram(program, args, { cwd, input });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    throw InputError.of(`this needs the program ${program} on this machine, and the folder ${cwd}`);
  }
}

/** Runs `git`; its output. Throws InputError with Git's own words where it fails. */
export async function git(cwd: string, args: readonly string[], input?: string | Uint8Array): Promise<Buffer> {
  const { code, stdout, stderr } = await programIn(cwd, 'git', args, input);
  if (code !== 0) throw InputError.of(`git ${args[0]} failed: ${stderr || `exit code ${code ?? 'none'}`}`);
  return stdout;
}

/** Runs `git`; its output as one word, or undefined where it fails. */
export async function gitWord(cwd: string, args: readonly string[]): Promise<string | undefined> {
  const { code, stdout } = await programIn(cwd, 'git', args);
  return code === 0 ? stdout.toString('utf8').trim() : undefined;
}
