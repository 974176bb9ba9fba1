import { outliveOutput } from '../output/terminal.ts';
import { run } from '../program.ts';

/** The command line, from its arguments to the exit code. */
export function main(args: string[]): Promise<number> {
  outliveOutput();
  return run(args);
}
