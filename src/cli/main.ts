/** `holdfast` from source, as the tests run it. The build starts with start/bundled.ts instead. */
import { start } from './start/start.ts';

await start(process.argv.slice(2), () => import('./start/program.ts'));
