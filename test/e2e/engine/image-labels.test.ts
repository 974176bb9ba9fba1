import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';
import { ask, mustAsk } from '../../../scripts/machine/engine-http.ts';
import { until } from '../../../scripts/machine/processes.ts';
import { ENGINES } from '../../support/engine/engine-under-test.ts';
import { IMAGE, importChaosImages } from '../../support/site/chaos-site.ts';
import { type KeptSite, keptSite } from '../../support/site/kept-site.ts';

// An image may carry any label, and gives it to every container that is made of it.
jest.setTimeout(120_000);

const host = ENGINES['Docker 20.10'] ?? '';
const stays = { image: IMAGE, command: ['stay'], restart: 'unless-stopped', stop_grace_period: '1s' };
const REPOSITORY = `labelled-${randomBytes(4).toString('hex')}`;
const LABELLED = `${REPOSITORY}:1`;
let site: KeptSite;

beforeAll(async () => {
  await importChaosImages(host);
  site = await keptSite(host);
});
afterAll(async () => {
  await ask(host, 'DELETE', `/containers/${REPOSITORY}?force=1`);
  await site.close();
  await ask(host, 'DELETE', `/images/${LABELLED}?force=1`);
});

/** An image with all the labels that a container of the site has. */
async function imageOf(container: string): Promise<void> {
  const { Config } = JSON.parse(await mustAsk(host, 'GET', `/containers/${container}/json`)) as {
    Config: { Labels: Record<string, string> };
  };
  const made = await mustAsk(host, 'POST', `/containers/create?name=${REPOSITORY}`, {
    body: { Image: IMAGE, Labels: Config.Labels, Cmd: ['stay'] },
  });
  const { Id } = JSON.parse(made) as { Id: string };
  await mustAsk(host, 'POST', `/commit?container=${Id}&repo=${REPOSITORY}&tag=1`, { body: {} });
  await mustAsk(host, 'DELETE', `/containers/${Id}?force=1`);
}

test('somebody runs an image that bears the labels of a site: it is left alone, and no app of the site gets it', async () => {
  await site.commit({ services: { web: stays } });
  await site.die();
  await imageOf(site.name('web'));
  const strangers = await mustAsk(host, 'POST', `/containers/create?name=${REPOSITORY}`, {
    body: { Image: LABELLED, Cmd: ['stay'] },
  });
  const { Id } = JSON.parse(strangers) as { Id: string };
  await mustAsk(host, 'POST', `/containers/${Id}/start`);

  await site.nextLife();
  await site.converges();
  const before = await site.inspect('web');
  await site.desire({ services: { web: { ...stays, image: LABELLED } } });
  const isTold = (): boolean =>
    site.plan()?.apps[0]?.problems.some(({ message }) => message.includes('dev.holdfast.')) ?? false;
  expect(await until(isTold, 30_000)).toBe(true);
  await site.commit({ services: { peer: stays } });

  const left = JSON.parse(await mustAsk(host, 'GET', `/containers/${Id}/json`)) as { State: { Status: string } };
  expect(left.State.Status).toBe('running');
  expect((await ask(host, 'GET', `/containers/${before.Id}/json`)).status).toBe(404);
});
