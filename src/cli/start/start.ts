import { VERSION } from '../../lib/version.ts';

/** As package.json has it under `engines`. */
const OLDEST_NODE = 22;

/** The command line, which is loaded only by a call that needs it. */
export type LoadProgram = () => Promise<{ main: (args: string[]) => Promise<number> }>;

/** Runs one call of `holdfast` and sets the exit code. Every call pays for this file, so it does little. */
export async function start(args: string[], load: LoadProgram): Promise<void> {
  if (Number.parseInt(process.versions.node, 10) < OLDEST_NODE) {
    process.stderr.write(`error: Holdfast needs Node ${OLDEST_NODE} or later, and this is ${process.version}\n`);
    process.exitCode = 2;
  } else if (args.length === 1 && (args[0] === '--version' || args[0] === '-V')) {
    process.stdout.write(`${VERSION}\n`);
  } else {
    const { main } = await load();
    process.exitCode = await main(args);
  }
}
