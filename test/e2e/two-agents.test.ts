import { join } from 'node:path';
import { afterEach, beforeEach, expect, jest, test } from '@jest/globals';
import { mustAsk } from '../../scripts/machine/engine-http.ts';
import { type AgentProcess, startAgentProcess } from '../support/program/holdfast-process.ts';
import {
  allRun,
  app,
  type ChaosSite,
  chaosSite,
  describeChaos,
  fleet,
  HOST,
  staying,
} from '../support/site/chaos-site.ts';

// Somebody gave two agents on one engine the same site name, and each a repo of its own.
jest.setTimeout(500_000);

let site: ChaosSite;
let second: AgentProcess | undefined;
beforeEach(async () => {
  if (HOST) site = await chaosSite();
});
afterEach(async () => {
  await second?.end('SIGKILL');
  if (HOST) await site.close();
});

describeChaos('two agents with one site name', () => {
  test('say so once, and leave the apps of both in peace', async () => {
    const other = await site.git.repo('other');
    await site.repo.commit({ ...fleet(site), ...app(site, 'a', staying({ web: {} })) });
    await other.commit({ ...fleet(site), ...app(site, 'b', staying({ web: {} })) });
    await site.start();
    await site.becomes('the first one runs its app', allRun(1));
    const args = site
      .args('--state-dir', join(site.dir, 'other'))
      .map((each) => (each === site.repo.url ? other.url : each));
    second = await startAgentProcess({ args, logFile: site.logFile });
    // Each makes again what the other took only after a backoff, which grows to three minutes while they fight.
    await site.sees(/somebody else makes or removes containers of site/, { ms: 210_000 });
    const [one] = await site.becomes('both apps run', allRun(2), 210_000);
    const { Config } = JSON.parse(await mustAsk(HOST, 'GET', `/containers/${one?.name}/json`)) as {
      Config: { Labels: Record<string, string> };
    };
    expect(Config.Labels['dev.holdfast.agent']).toMatch(/^[0-9a-f]{16}$/);
    const said = (await site.log()).filter(({ message }) => message.startsWith('somebody else'));
    expect(said.length).toBeLessThanOrEqual(2);
  });
});
