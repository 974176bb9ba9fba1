import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { run } from '../../../../src/cli/program.ts';
import { captureWritten, written } from '../../../support/program/written.ts';
import { type ConfigFolder, configFolder } from '../../../support/site/config-folder.ts';

captureWritten();

const document = (kind: string, rest: object = {}): string =>
  JSON.stringify({ apiVersion: 'holdfast/v1', kind, spec: {}, ...rest });

let folder: ConfigFolder;
beforeEach(async () => {
  folder = await configFolder({
    'fleet.yaml': document('Fleet'),
    'sites/eu/a.yaml': document('Site', { metadata: { labels: { region: 'eu', ring: 'canary' } } }),
    'sites/eu/b.yaml': document('Site', { metadata: { labels: { region: 'eu' } } }),
    'sites/us.yaml': document('Site', { metadata: { labels: { region: 'us' } } }),
    'apps/pos/app.yaml': document('Application', { spec: { placement: { matchLabels: { region: 'eu' } } } }),
    'apps/web/app.yaml': document('Application', { spec: { placement: { sites: ['eu/a'] } } }),
  });
});
afterEach(() => folder.remove());

test('each site is a line, with its labels and apps; a column without any text is left out', async () => {
  expect(await run(['sites', folder.dir])).toBe(0);
  expect(written).toContain(
    [
      'SITE  LABELS                 APPS',
      'eu/a  region=eu,ring=canary  pos,web',
      'eu/b  region=eu              pos',
      'us    region=us              none',
      '',
    ].join('\n'),
  );
});

test('a selector narrows the list, and JSON has the same as data', async () => {
  expect(await run(['sites', folder.dir, '--selector', 'region=eu,!ring', '-o', 'json'])).toBe(0);
  expect(JSON.parse(written.slice(written.indexOf('{\n')))).toEqual({
    sites: [{ name: 'eu/b', labels: { region: 'eu' }, apps: ['pos'] }],
  });
});

test('a selector that matches no site says so', async () => {
  expect(await run(['sites', folder.dir, '--selector', 'region=asia'])).toBe(0);
  expect(written).toContain('no site is selected\n');
});

test('the apps of a site whose pin cannot be read are not known', async () => {
  await folder.write({ 'sites/us.yaml': document('Site', { spec: { targetRevision: 'v1' } }) });
  expect(await run(['sites', folder.dir])).toBe(0);
  expect(written).toMatch(/warning: sites\/us.yaml:1:\d+: targetRevision v1 cannot be looked up/);
  expect(written).toMatch(/^us +v1 +not known$/m);
});

test('a Site that cannot be read is an error with its place, and the others are listed', async () => {
  await folder.write({ 'sites/us.yaml': 'kind: Site\n' });
  expect(await run(['sites', folder.dir])).toBe(2);
  expect(written).toMatch(/^eu\/b /m);
  expect(written).toMatch(/error: sites\/us.yaml:1:1: `apiVersion` is missing/);
});

test('a lone Compose file is the site default', async () => {
  const lone = await configFolder({ 'compose.yaml': 'services: {web: {image: nginx}}\n' });
  expect(await run(['sites', lone.dir])).toBe(0);
  expect(written).toMatch(/^default +hf-repo-/m);
  await lone.remove();
});

test('a site tells the step in which its apps change, and until when windows are closed in its own zone', async () => {
  const steps = [{ selector: { matchLabels: { ring: 'canary' } } }, { percent: 100, after: '2h' }];
  const closed = '{kind: allow, schedule: "30 4 1 1 *", duration: 1m}';
  await folder.write({
    'fleet.yaml': document('Fleet', { spec: { rollout: { steps } } }),
    'sites/us.yaml': document('Site', { spec: { timeZone: 'America/New_York' } }),
    'apps/pos/app.yaml': `apiVersion: holdfast/v1\nkind: Application\nspec:\n  syncWindows: [${closed}]\n`,
    'apps/web/app.yaml': document('Application', {
      spec: { rollout: { steps: [{ percent: 100, after: 'promotion' }] } },
    }),
  });
  expect(await run(['sites', folder.dir])).toBe(0);
  expect(written).toMatch(/^SITE +LABELS +STEP +CHANGES +APPS$/m);
  const web = '1 of 1, when a promotion opens it: web';
  expect(written).toMatch(
    new RegExp(`^eu/a +region=eu,ring=canary +1 of 2, at once: pos; ${web} +closed until [\\d-]+ 04:30 UTC `, 'm'),
  );
  expect(written).toMatch(
    new RegExp(`^us +2 of 2, after 2 h: pos; ${web} +closed until [\\d-]+ 04:30 America/New_York `, 'm'),
  );
  expect(await run(['sites', folder.dir, '--selector', 'ring', '-o', 'json'])).toBe(0);
  const [{ steps: told }] = JSON.parse(written.slice(written.indexOf('{\n'))).sites;
  expect(told).toEqual({ pos: { step: 1, of: 2, after: 0 }, web: { step: 1, of: 1, after: 'promotion' } });
});

test('a site tells when sync windows let its apps be changed, and if it is suspended', async () => {
  const never = '{kind: deny, schedule: 0 0 1 1 *, duration: 1d}';
  await folder.write({
    'sites/eu/a.yaml': document('Site', { spec: { suspend: true } }),
    'sites/us.yaml': document('Site', { spec: { timeZone: 'America/New_York', syncWindows: [] } }),
    'apps/pos/app.yaml': `apiVersion: holdfast/v1\nkind: Application\nspec:\n  syncWindows: [{kind: allow, schedule: 0 0 1 1 *, duration: 1m}, ${never}]\n`,
    'apps/web/app.yaml':
      'apiVersion: holdfast/v1\nkind: Application\nspec:\n  syncWindows: [{kind: allow, schedule: "* * * * *", duration: 1m}]\n',
  });
  expect(await run(['sites', folder.dir])).toBe(0);
  expect(written).toMatch(/^SITE +LABELS +CHANGES +APPS$/m);
  expect(written).toMatch(/^eu\/a +suspended +pos,web$/m);
  expect(written).toMatch(/^us +closed: pos; open: web +pos,web$/m);
  expect(await run(['sites', folder.dir, '-o', 'json'])).toBe(0);
  const { sites } = JSON.parse(written.slice(written.indexOf('{\n')));
  expect(sites[2].windows.pos).toEqual({
    isOpen: false,
    byHand: false,
    text: expect.stringContaining('do not open within a year'),
  });
  expect(sites[2].windows.web).toMatchObject({ isOpen: true });
});
