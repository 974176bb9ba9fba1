import { chmod, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { ask } from '../../../scripts/machine/engine-http.ts';
import { REGISTRY_CREDENTIALS, startRegistry, type TestRegistry } from '../../support/net/registry.ts';
import {
  allRun,
  app,
  type ChaosSite,
  chaosSite,
  describeChaos,
  fleet,
  IMAGE,
  IMAGE_2,
  staying,
} from '../../support/site/chaos-site.ts';

const WRONG = 'wrong-battery-0815';

describeChaos('a registry that fails', () => {
  let site: ChaosSite;
  let registry: TestRegistry;
  let one: string;
  let two: string;
  let config: string;

  /** A credential helper that gives the password in a file, as the docker client's helpers do. */
  const helper = (): string => `#!/bin/sh
read -r address
[ "$1" = get ] || exit 1
echo '{"ServerURL":"'"$address"'","Username":"${REGISTRY_CREDENTIALS.username}","Secret":"'"$(cat ${site.dir}/registry-password)"'"}'
`;

  beforeAll(async () => {
    site = await chaosSite();
    registry = await startRegistry({ auth: true });
    [one, two] = [
      await registry.push(site.host, IMAGE, `${site.name}:1`),
      await registry.push(site.host, IMAGE_2, `${site.name}:2`),
    ];
    for (const image of [one, two]) await ask(site.host, 'DELETE', `/images/${image}`);
    config = join(site.dir, 'docker-config');
    await mkdir(join(site.dir, 'bin'));
    await mkdir(config);
    await writeFile(join(config, 'config.json'), JSON.stringify({ credHelpers: { [registry.address]: 'chaos' } }));
    await writeFile(join(site.dir, 'bin/docker-credential-chaos'), helper());
    await chmod(join(site.dir, 'bin/docker-credential-chaos'), 0o755);
    await writeFile(join(site.dir, 'registry-password'), REGISTRY_CREDENTIALS.password);
    await site.repo.commit({
      ...fleet(site),
      ...app(site, 'a', staying({ web: { image: one }, db: {} })),
      ...app(site, 'b', staying({ web: {} })),
    });
  }, 60_000);
  afterAll(async () => {
    await site?.close();
    for (const image of [one, two]) if (image) await ask(site.host, 'DELETE', `/images/${image}?force=1`);
    await registry?.remove();
  }, 60_000);

  test('asks a credential helper, which is told to the engine and to no log', async () => {
    const path = `${join(site.dir, 'bin')}:${process.env.PATH}`;
    await site.start({ env: { DOCKER_CONFIG: config, PATH: path } });
    await site.becomes('three containers run', allRun(3));
    expect((await site.containers()).filter(({ image }) => image === one)).toHaveLength(1);
    expect(await readFile(site.logFile, 'utf8')).not.toContain(REGISTRY_CREDENTIALS.password);
  });

  test('a wrong password: what runs keeps running, others go on, and the password is in no log', async () => {
    const from = (await site.log()).length;
    await writeFile(join(site.dir, 'registry-password'), WRONG);
    const before = await site.containers();
    const web = before.find(({ image }) => image === one)?.id;
    await site.repo.commit({
      ...app(site, 'a', staying({ web: { image: two }, db: { environment: { ROUND: '2' } } })),
      ...app(site, 'b', staying({ web: { environment: { ROUND: '2' } } })),
    });
    const { message } = await site.sees(/pull .* failed/, { from });
    expect(message).toMatch(/unauthorized|authentication|denied/i);
    await site.becomes('the others are new', (found) => {
      const kept = found.filter(({ id }) => before.some((other) => other.id === id));
      return allRun(3)(found) && kept.length === 1 && kept[0]?.id === web;
    });
    const text = await readFile(site.logFile, 'utf8');
    for (const form of [WRONG, Buffer.from(WRONG).toString('base64').slice(0, 20)]) expect(text).not.toContain(form);
    // Each pull asks the helper again; a new commit does not wait.
    await writeFile(join(site.dir, 'registry-password'), REGISTRY_CREDENTIALS.password);
    await site.repo.commit({ 'README.md': 'again\n' });
    await site.becomes(
      'the pull was tried again',
      (found) => allRun(3)(found) && found.some(({ image }) => image === two),
      25_000,
    );
  });

  test('away: what runs keeps running, the pull is retried with backoff, others go on; back, it is pulled', async () => {
    await registry.stop();
    const before = await site.containers();
    for (const image of [one]) await ask(site.host, 'DELETE', `/images/${image}`);
    const from = (await site.log()).length;
    await site.repo.commit({
      ...app(site, 'a', staying({ web: { image: one }, db: { environment: { ROUND: '2' } } })),
      ...app(site, 'b', staying({ web: { environment: { ROUND: '3' } } })),
    });
    await site.sees(/pull .* failed/, { from });
    await site.becomes('b is new, a runs on', (found) => {
      const isNew = found.filter(({ id }) => !before.some((other) => other.id === id));
      return allRun(3)(found) && isNew.length === 1 && isNew[0]?.app === site.app('b');
    });
    const polls = site.git.traffic.length;
    await site.becomes('time passes', () => site.git.traffic.length > polls + 3);
    const tries = (await site.log()).slice(from).filter(({ message }) => /pull .* failed/.test(message));
    expect(tries.length).toBeLessThan(3);
    await registry.start();
    await site.becomes('pulled', (found) => allRun(3)(found) && found.some(({ image }) => image === one), 30_000);
  });
});
