import { describe, expect, test } from '@jest/globals';
import { createFleetCompiler } from '../../../src/compose/compile-fleet.ts';
import { compileSite } from '../../../src/compose/compile-site.ts';
import { placeSite } from '../../../src/fleet/place-site.ts';
import { SCHEMAS } from '../../../src/fleet/schema/schemas.ts';
import { createAjv } from '../../../src/fleet/schema/validator.ts';
import { observationOf } from '../../../src/impact/observed/blot.ts';
import type { Observation } from '../../../src/impact/observed/observation.ts';
import { imagesIn, runningSite } from '../../../src/impact/running.ts';
import { siteImpact } from '../../../src/impact/site-impact.ts';
import type { ActualContainer } from '../../../src/model/state.ts';
import { detailOf } from '../../../src/plan/print/render-changes.ts';
import { memorySnapshot } from '../../support/values/memory-snapshot.ts';
import { document, type Files, fleet, OPTIONS } from './support.ts';

const PLACEHOLDERS = new Set(['{{TOKEN}}', '{{CODE}}']);
const VALUES = { TOKEN: 'hunter-token', CODE: 'hunter-code' };
const withSiteValues = (compose: string): Files => ({
  ...fleet(compose),
  'fleet.yaml': document('Fleet', {
    siteValues: ['TOKEN', 'CODE'],
    syncPolicy: { automated: { prune: true, selfHeal: true } },
  }),
});
const web = (more = '', image = 'web:1'): string => `services:
  web:
    image: ${image}
    command: [run, --code, "\${CODE}"]
    environment: { TOKEN: "\${TOKEN}", MODE: fast, DB_PASSWORD: hunter-plain }
    logging: { driver: splunk, options: { splunk-token: "\${TOKEN}" } }
    ${more}
    configs: [{ source: c, target: /c }]
configs: { c: { content: "\${TOKEN}" } }
`;

/** The observation of a site that runs these files with its own values, with changes to its container. */
async function observe(files: Files, changes: Partial<ActualContainer> = {}): Promise<Observation> {
  const snapshot = memorySnapshot(files);
  const placed = await placeSite(snapshot, { site: 'a' });
  const { actual } = runningSite(await compileSite(placed, snapshot, { ...OPTIONS, localValues: VALUES }));
  actual.containers = actual.containers.map((each) => ({ ...each, healthOutput: 'hunter-output', ...changes }));
  const desired = await compileSite(placed, snapshot, OPTIONS);
  const blotting = { desired, placeholders: PLACEHOLDERS, hide: (text: string) => text };
  return JSON.parse(JSON.stringify(observationOf('a', actual, '2026-01-01T00:00:00Z', blotting)));
}

/** The changes on that site. */
async function changes(observation: Observation, from: Files, to: Files): Promise<string[]> {
  const compile = createFleetCompiler(OPTIONS);
  const [before, after] = await Promise.all(
    [from, to].map(async (files) => {
      const snapshot = memorySnapshot(files);
      return compile(await placeSite(snapshot, { site: 'a' }), snapshot);
    }),
  );
  if (!before || !after) throw new Error('both are compiled');
  const { apps } = siteImpact(before, after, { observation, placeholders: PLACEHOLDERS });
  return apps.flatMap((app) => app.changes.map((change) => `${change.action} ${change.name}: ${detailOf(change)}`));
}

describe('an observation', () => {
  const files = withSiteValues(web());

  test('has no value that looks secret or that only the site knows, and no digest of one', async () => {
    const observation = await observe(files);
    expect(JSON.stringify(observation)).not.toMatch(/hunter/);
    const [container] = observation.containers;
    expect(container?.notShown).toEqual(['command', 'environment.DB_PASSWORD', 'environment.TOKEN', 'logging']);
    expect(container?.spec.Env).toEqual({ MODE: 'fast' });
    expect(container).not.toHaveProperty('specHash');
    expect(container).not.toHaveProperty('contentDigest');
  });

  test('has no variable of which a label says that nobody may see it', async () => {
    const observation = await observe(files, { hidden: ['MODE'] });
    expect(observation.containers[0]?.notShown).toContain('environment.MODE');
    expect(observation.containers[0]?.spec.Env).toBeUndefined();
  });

  test('has no free text of a container that Git does not name', async () => {
    const other = await observe(files, { identity: { site: 'a', app: 'old', service: 'web', number: 1 } });
    const { Env, Cmd, LogConfig } = other.containers[0]?.spec ?? {};
    expect([Env, Cmd, LogConfig]).toEqual([undefined, undefined, undefined]);
  });

  test('is as its schema says', async () => {
    const validate = createAjv().compile(SCHEMAS.Observation);
    expect([validate(await observe(files)), validate.errors]).toEqual([true, null]);
  });

  test('tells of the runs of hooks, which are no services, and of a change that was not made', async () => {
    const hooked = (tag: string) =>
      withSiteValues(
        web('', `web:${tag}`).replace(
          'configs: {',
          '  migrate: { image: tool, x-holdfast: { hook: PreSync } }\nconfigs: {',
        ),
      );
    const before = hooked('1');
    const observation = await observe(before);
    const [container] = observation.containers;
    if (!container) throw new Error('nothing runs');
    const syncHook = { phase: 'PreSync', change: 'c0ffee' };
    const run = { ...container, id: 'run', name: 'pos-migrate-1', status: 'exited' as const, syncHook };
    const kept = { ...run, identity: { ...run.identity, service: 'migrate' } };
    const withRun = { ...observation, containers: [container, kept] };
    expect(createAjv().compile(SCHEMAS.Observation)(withRun)).toBe(true);
    expect(await changes(withRun, before, before)).toEqual([]);
    expect(await changes(withRun, before, hooked('2'))).toContain('run migrate: PreSync hook, before the app changes');
    // The site has yet to come to the old revision.
    expect(await changes(withRun, hooked('2'), hooked('2'))).toContain(
      'run migrate: PreSync hook, before the app changes',
    );
  });

  test('makes no change where the site is as Git says', async () => {
    expect(await changes(await observe(files), files, files)).toEqual([]);
  });

  test('shows what differs on the site, beside what Git changes', async () => {
    const stopped = await observe(files, { status: 'exited', exitCode: 137 });
    expect(await changes(stopped, files, files)).toEqual(['start pos-web-1: exited with 137 (drift)']);
    // The site runs an older revision than --from says.
    const older = await observe(withSiteValues(web('', 'web:0')));
    expect(await changes(older, files, files)).toEqual([
      expect.stringContaining('pull web:1'),
      expect.stringContaining('replace pos-web-1: image: web:0 -> web:1'),
    ]);
    expect(await changes(await observe(files), files, withSiteValues(web('user: app')))).toEqual([
      'replace pos-web-1: user: none -> app',
    ]);
  });

  test('hides no change of a value that it leaves out', async () => {
    const other = withSiteValues(web().replace('hunter-plain', 'hunter-other').replace('--code', '--number'));
    expect(await changes(await observe(files), files, other)).toEqual([
      expect.stringMatching(/^replace pos-web-1: .*environment\.DB_PASSWORD: changed \(not shown\)/),
    ]);
    expect(await changes(await observe(files), files, other)).toEqual([expect.stringContaining('command: ')]);
  });

  test('knows the images that are on the disk', async () => {
    const snapshot = memorySnapshot(files);
    const desired = await compileSite(await placeSite(snapshot, { site: 'a' }), snapshot, OPTIONS);
    expect(Object.keys((await observe(files)).images)).toEqual(expect.arrayContaining(imagesIn(desired)));
  });
});
