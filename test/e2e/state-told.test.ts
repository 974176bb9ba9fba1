import { afterEach, beforeEach, expect, jest, test } from '@jest/globals';
import { app, type ChaosSite, chaosSite, describeChaos, fleet, HOST, staying } from '../support/site/chaos-site.ts';

jest.setTimeout(120_000);

let site: ChaosSite;
beforeEach(async () => {
  if (HOST) site = await chaosSite();
});
afterEach(async () => {
  if (HOST) await site.close();
});

describeChaos('the log of an agent tells', () => {
  test('a crash loop, who waits for what is unhealthy, and that all is well', async () => {
    const sick = { test: ['CMD', 'sh', '-c', 'echo no route to db; false'], interval: '1s', retries: 1 };
    await site.repo.commit({
      ...fleet(site),
      ...app(site, 'a', staying({ loop: { command: ['sh', '-c', 'echo cannot open /data; exit 3'] } })),
      ...app(
        site,
        'b',
        staying({ api: { healthcheck: sick }, web: { depends_on: { api: { condition: 'service_healthy' } } } }),
      ),
    });
    await site.start();
    await site.sees(/^loop restarts again and again: exit 3, last output: cannot open \/data(; cannot open \/data)*$/, {
      ms: 40_000,
    });
    await site.sees(/^web waits for api, unhealthy since .*: no route to db$/, { ms: 40_000 });
    expect((await site.log()).some(({ message }) => message.startsWith('all as '))).toBe(false);
    const { length } = await site.log();
    await site.repo.commit({
      ...app(site, 'a', staying({ loop: {} })),
      ...app(site, 'b', staying({ api: {}, web: {} })),
    });
    await site.sees(/^all as [0-9a-f]+ says$/, { ms: 40_000, from: length });
  });
});
