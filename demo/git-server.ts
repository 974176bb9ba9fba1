import { startGitServer } from '../test/support/git-server.ts';

/** The demo's Git server as a process of its own, so that it can be stopped for real and live on after the demo: `git-server.ts FOLDER PORT`. */
const [root, port] = process.argv.slice(2);
if (!root || !port) throw new Error('usage: git-server.ts FOLDER PORT');
const server = await startGitServer({ root, port: Number(port) });
for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => void server.close());
