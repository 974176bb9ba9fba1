import { startGitServer } from '../test/support/git/git-server.ts';

/** The demo's Git server: `git-server.ts FOLDER PORT`. It is a separate process, so that the demo can really stop it, and it can outlive the demo. */
const [root, port] = process.argv.slice(2);
if (!root || !port) throw new Error('usage: git-server.ts FOLDER PORT');
const server = await startGitServer({ root, port: Number(port) });
for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => void server.close());
