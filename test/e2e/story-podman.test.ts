import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { holdfast } from '../support/program/holdfast-process.ts';
import { allRun, app, type ChaosSite, chaosSite, fleet, IMAGE, IMAGE_2, staying } from '../support/site/chaos-site.ts';
import { killByHand, networksOf, type Running, removeByHand, volumesOf } from '../support/site/site.ts';

// The agent's main work once more, where Docker's API is Podman's. Its ports are not on this machine's 127.0.0.1, and without systemd
// no health check runs there, so this looks at containers alone. Each test goes on from the one before.
const host = process.env.HOLDFAST_TEST_PODMAN ?? '';

jest.setTimeout(120_000);

(host ? describe : describe.skip)('on Podman, a site', () => {
  let site: ChaosSite;
  const shop = (services: Record<string, object>) => app(site, 'a', staying(services, { volumes: { data: {} } }));
  const byService = (found: Running[], service: string): Running | undefined =>
    found.find((each) => each.service === service);
  const PATIENCE = 60_000;

  beforeAll(async () => {
    site = await chaosSite({ host });
  });

  afterAll(() => site?.close());

  test('is created: network, volume, containers in their order', async () => {
    await site.repo.commit({
      ...fleet(site),
      ...shop({ db: { volumes: ['data:/data'], mem_limit: '64m' }, web: { depends_on: ['db'] } }),
    });
    await site.start();
    const found = await site.becomes('db and web run', allRun(2), PATIENCE);
    expect(found.map(({ name }) => name)).toEqual([`${site.app('a')}-db-1`, `${site.app('a')}-web-1`]);
    const [db, web] = found.map(({ startedAt }) => Date.parse(startedAt));
    expect(db).toBeLessThanOrEqual(web as number);
    expect(await networksOf(host, site.name)).toEqual([`${site.app('a')}_default`]);
    expect(await volumesOf(host, site.name)).toEqual([`${site.app('a')}_data`]);
  });

  test('is seen as it is: a plan for it is empty', async () => {
    const diff = () =>
      holdfast(['diff', '--repo', site.repo.url, '--site', site.name, '--files-dir', site.filesDir], {
        env: { DOCKER_HOST: host },
      });
    expect(await diff()).toMatchObject({ code: 0, stdout: expect.stringContaining('nothing to do'), stderr: '' });
  });

  test('is healed when a container is killed and another removed', async () => {
    const before = await site.containers();
    // Podman answers a kill once it has seen the container dead, which it has not where that runs again at once: it waits twenty seconds.
    const killed = killByHand(host, `${site.app('a')}-db-1`);
    await removeByHand(host, `${site.app('a')}-web-1`);
    await site.becomes(
      'both run again',
      (found) =>
        allRun(2)(found) &&
        byService(found, 'web')?.id !== byService(before, 'web')?.id &&
        byService(found, 'db')?.startedAt !== byService(before, 'db')?.startedAt,
      PATIENCE,
    );
    const db = byService(await site.containers(), 'db');
    expect(db?.id).toBe(byService(before, 'db')?.id);
    expect(db?.startedAt).not.toBe(byService(before, 'db')?.startedAt);
    await killed;
  });

  test('follows a commit: another image, another limit by a replacement, and a new service', async () => {
    const before = await site.containers();
    await site.repo.commit(
      shop({
        db: { volumes: ['data:/data'], mem_limit: '48m' },
        web: { image: IMAGE_2, depends_on: ['db'] },
        cart: {},
      }),
    );
    const settled = await site.becomes(
      'three run, under their own names; web and db are new',
      (found) =>
        allRun(3)(found) &&
        found.every(({ name, service }) => name === `${site.app('a')}-${service}-1`) &&
        ['db', 'web'].every((service) => byService(found, service)?.id !== byService(before, service)?.id),
      PATIENCE,
    );
    // Podman writes the registry that it takes for granted in front.
    expect(byService(settled, 'web')?.image).toContain(IMAGE_2);
    expect(byService(settled, 'cart')?.image).toContain(IMAGE);
    expect(await volumesOf(host, site.name)).toEqual([`${site.app('a')}_data`]);
  });

  test('is pruned of what Git no longer names, and keeps its volume', async () => {
    const before = await site.containers();
    await site.repo.commit(shop({ db: { volumes: ['data:/data'], mem_limit: '48m' } }));
    const found = await site.becomes('db alone runs', allRun(1), PATIENCE);
    expect(found[0]?.id).toBe(byService(before, 'db')?.id);
    expect(await volumesOf(host, site.name)).toEqual([`${site.app('a')}_data`]);
  });
});
