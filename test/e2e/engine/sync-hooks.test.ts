import { afterEach, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { mustAsk } from '../../../scripts/machine/engine-http.ts';
import { until } from '../../../scripts/machine/processes.ts';
import { renderJson } from '../../../src/plan/print/render.ts';
import { ENGINES } from '../../support/engine/engine-under-test.ts';
import { IMAGE, IMAGE_2, importChaosImages } from '../../support/site/chaos-site.ts';
import { type KeptSite, keptSite } from '../../support/site/kept-site.ts';

jest.setTimeout(120_000);

const stays = {
  image: IMAGE,
  command: ['stay'],
  restart: 'unless-stopped',
  stop_grace_period: '1s',
  volumes: ['log:/log'],
};

/** A hook that notes a line in a volume, and then runs the rest of its script. */
const hook = (phase: string, script: string, more: object = {}): object => ({
  image: IMAGE,
  command: ['sh', '-c', script],
  volumes: ['log:/log'],
  profiles: ['hooks'],
  'x-holdfast': { hook: phase, ...more },
});

/** A service `db` that keeps the notes, its client `web`, and hooks. */
const shop = (image: string, hooks: object): object => ({
  services: { db: stays, web: { ...stays, image, depends_on: ['db'] }, ...hooks },
  volumes: { log: {} },
});

for (const [name, host] of Object.entries(ENGINES)) {
  (host ? describe : describe.skip)(`hooks of a change on ${name}`, () => {
    let site: KeptSite;
    const said = async (): Promise<string[]> =>
      (await site.exec('db', ['cat', '/log/said']))
        .split('\n')
        .map((line) => line.trim())
        .filter(Boolean);
    const isLogged = (text: string): Promise<boolean> =>
      until(async () => site.log.some((line) => line.includes(text)), 60_000);
    // Podman writes the whole name.
    const imageOf = async (service: string): Promise<string> =>
      (await site.inspect(service)).Config.Image.replace('docker.io/', '');

    beforeAll(() => importChaosImages(host ?? ''));
    afterEach(() => site?.close());

    test('a migration runs before the client of a database is replaced, and once for a change', async () => {
      site = await keptSite(host ?? '');
      // The web writes a line in each second, so that the order of the notes tells what ran beside the migration.
      const web = (version: string) => ({
        environment: { IS: version },
        command: ['sh', '-c', 'while :; do echo web $$IS >> /log/said; sleep 0.2; done'],
      });
      const commit = (version: string, migrate: string) => {
        const text = shop(IMAGE, {
          migrate: { ...hook('PreSync', migrate), depends_on: { db: { condition: 'service_started' } } },
          warm: hook('PostSync', `echo warm ${version} >> /log/said`),
        }) as { services: Record<string, object> };
        return { ...text, services: { ...text.services, web: { ...text.services.web, ...web(version) } } };
      };
      await site.commit(commit('one', 'echo migrate one >> /log/said; echo made 2 tables'));
      expect((await said())[0]).toBe('migrate one');
      expect((await said()).filter((line) => line === 'warm one')).toHaveLength(1);
      expect(site.log).toContain('the PreSync hook migrate has completed, last output: made 2 tables');

      await site.commit(commit('two', 'echo begin two >> /log/said; sleep 1; echo end two >> /log/said'));
      const notes = await said();
      const during = notes.slice(notes.indexOf('begin two') + 1, notes.indexOf('end two'));
      expect(new Set(during)).toEqual(new Set(['web one']));
      expect(notes.indexOf('web two')).toBeGreaterThan(notes.indexOf('end two'));
      expect(notes.indexOf('warm two')).toBeGreaterThan(notes.indexOf('end two'));

      // Neither a later look, nor another agent, nor healing runs it again.
      await site.nextLife();
      await mustAsk(site.host, 'DELETE', `/containers/${site.name('web')}?force=true`);
      await site.converges();
      expect((await said()).filter((line) => /begin two|warm two/.test(line))).toHaveLength(2);
      // The run is kept until the next change, with what it said.
      expect((await site.inspect('migrate')).State).toMatchObject({ Status: 'exited', ExitCode: 0 });
    });

    test('a PreSync hook that fails changes nothing, is told without secrets, and is tried again; SyncFail runs once', async () => {
      site = await keptSite(host ?? '');
      await site.commit(shop(IMAGE, {}));
      const before = await site.inspect('web');
      const failing = shop(IMAGE_2, {
        migrate: {
          ...hook('PreSync', 'echo no table for $$KEY; test -e /log/good || exit 4'),
          environment: { KEY: 'hunter22' },
        },
        tell: hook('SyncFail', 'echo failed >> /log/said'),
      });
      await site.desire(failing);
      expect(
        await isLogged(
          `the PreSync hook migrate failed: ${site.name('migrate')} exited with 4, last output: no table for ***`,
        ),
      ).toBe(true);
      expect(await until(async () => (await said().catch((): string[] => [])).includes('failed'), 60_000)).toBe(true);
      expect(await site.inspect('web')).toMatchObject({ Id: before.Id, State: { Status: 'running' } });
      expect(site.log.join('\n')).not.toContain('hunter22');
      const plan = site.plan();
      expect(plan && renderJson(plan)).not.toContain('hunter22');

      await site.exec('db', ['touch', '/log/good']);
      await site.converges();
      expect(await imageOf('web')).toBe(IMAGE_2);
      expect(await said()).toEqual(['failed']);
    });

    test('a hook that takes too long is stopped, and a fix does not wait for its backoff', async () => {
      site = await keptSite(host ?? '');
      await site.commit(shop(IMAGE, {}));
      // The clock of this agent runs five times as fast.
      const slow = { ...hook('PreSync', 'trap "exit 9" TERM; while :; do sleep 0.1; done', { hookTimeout: '10s' }) };
      await site.desire(shop(IMAGE_2, { migrate: slow }));
      expect(await isLogged('it has run for 10 s (x-holdfast.hookTimeout)')).toBe(true);
      expect(await isLogged(`${site.name('migrate')} exited with 9`)).toBe(true);
      expect(await imageOf('web')).toBe(IMAGE);
      await site.commit(shop(IMAGE_2, { migrate: hook('PreSync', 'true') }));
      expect(await imageOf('web')).toBe(IMAGE_2);
    });

    test('an agent that dies during a hook follows it in its next life', async () => {
      site = await keptSite(host ?? '');
      await site.commit(shop(IMAGE, {}));
      await site.desire(
        shop(IMAGE_2, {
          migrate: hook('PreSync', 'echo run >> /log/said; while ! test -e /log/go; do sleep 0.1; done'),
        }),
      );
      expect(await until(async () => (await said().catch((): string[] => [])).includes('run'), 60_000)).toBe(true);
      await site.nextLife();
      await site.exec('db', ['touch', '/log/go']);
      await site.converges();
      expect(await said()).toEqual(['run']);
      expect(await imageOf('web')).toBe(IMAGE_2);
    });
  });
}
