/** The `holdfast` command. This file holds only what every call needs; a command loads the rest. */
import { VERSION } from './version.ts';

/** As package.json has it under `engines`. */
const OLDEST_NODE = 22;

const args = process.argv.slice(2);
if (Number.parseInt(process.versions.node, 10) < OLDEST_NODE) {
  process.stderr.write(`error: Holdfast needs Node ${OLDEST_NODE} or later, and this is ${process.version}\n`);
  process.exitCode = 2;
} else if (args.length === 1 && (args[0] === '--version' || args[0] === '-V')) {
  process.stdout.write(`${VERSION}\n`);
} else {
  const [{ run }, { outliveOutput }] = await Promise.all([import('./program.ts'), import('./output/terminal.ts')]);
  outliveOutput();
  process.exitCode = await run(args);
}
