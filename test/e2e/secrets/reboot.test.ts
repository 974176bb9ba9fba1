import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, expect, test } from '@jest/globals';
import { mustAsk } from '../../../scripts/machine/engine-http.ts';
import { generateIdentity, keyFileText } from '../../../src/secrets/crypt/identity.ts';
import { type RestartableEngine, startRestartable } from '../../support/engine/restartable-engine.ts';
import { memoryFolder } from '../../support/secrets/memory-folder.ts';
import { sealedFile } from '../../support/secrets/sealed-file.ts';
import {
  allRun,
  app,
  type ChaosSite,
  chaosSite,
  describeChaos,
  fleet,
  secretFile,
  staying,
} from '../../support/site/chaos-site.ts';
import { execIn } from '../../support/site/site.ts';

const PASSWORD = 'password-otter-27182818';

describeChaos('a secret in Git', () => {
  const ends: (() => Promise<unknown>)[] = [];
  afterEach(async () => {
    for (const end of ends.splice(0).reverse()) await end();
  }, 60_000);

  const read = async ({ host }: ChaosSite, id: string): Promise<string> =>
    (await execIn(host, id, ['cat', '/run/secrets/db'])).trim();

  test('is in memory alone, in a container that is read-only, and is there again after a reboot without a network', async () => {
    const engine: RestartableEngine = await startRestartable();
    ends.push(() => engine.remove());
    const site = await chaosSite({ host: engine.host });
    ends.push(() => site.close());
    const folder = await memoryFolder();
    ends.push(() => folder.clear());
    const key = await generateIdentity();
    const keyFile = await secretFile(join(site.dir, 'age.key'), keyFileText(key));
    const args = ['--age-key-file', keyFile, '--secrets-dir', folder.path];
    await site.repo.commit({
      ...fleet(site),
      ...app(
        site,
        'a',
        staying({ web: { read_only: true, secrets: ['db'] } }, { secrets: { db: { file: './db.yaml' } } }),
      ),
      [`apps/${site.app('a')}/db.yaml`]: await sealedFile('db.yaml', `password: ${PASSWORD}\n`, {
        recipients: [key.recipient],
      }),
    });

    const agent = await site.start({ args });
    const [before] = await site.becomes('web runs', allRun(1));
    const id = before?.id ?? '';
    expect(await read(site, id)).toBe(`password: ${PASSWORD}`);
    expect((await stat(folder.path)).mode & 0o777).toBe(0o700);
    expect(await readdir(site.filesDir)).toEqual([]);
    await site.sees(/^all as /);
    await agent.end('SIGKILL');

    // The engine is back before the agent, and there is no network.
    await engine.stop('SIGTERM');
    await folder.clear();
    await site.git.close();
    await engine.start();
    const state = async (): Promise<string> =>
      JSON.parse(await mustAsk(site.host, 'GET', `/containers/${id}/json`)).State.Status;
    expect(await state()).toBe('exited');
    await site.start({ args });
    const [after] = await site.becomes('web runs again', allRun(1));
    expect(after?.id).toBe(id);
    expect(await read(site, id)).toBe(`password: ${PASSWORD}`);
    expect(await readFile(join(folder.path, site.app('a'), 'secret-db'), 'utf8')).toBe(`password: ${PASSWORD}\n`);
  }, 180_000);
});
