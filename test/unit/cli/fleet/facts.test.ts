import { afterEach, beforeEach, expect, jest, test } from '@jest/globals';
import { run } from '../../../../src/cli/program.ts';
import { git } from '../../../support/git/clones.ts';
import { captureWritten, forgetWritten, written } from '../../../support/program/written.ts';
import { type ConfigFolder, configFolder } from '../../../support/site/config-folder.ts';

jest.setTimeout(120_000);
captureWritten();

/** Commands of a laptop that know the facts of sites: --facts. */

const document = (kind: string, spec: object = {}): string => JSON.stringify({ apiVersion: 'holdfast/v1', kind, spec });
const facts = (site: string, more: object = {}): string =>
  JSON.stringify({ apiVersion: 'holdfast/v1', kind: 'Facts', site, ...more });
const TTY = { requires: { devices: [{ path: '/dev/ttyUSB0' }] } };
const [WITH, WITHOUT] = [{ devices: ['/dev/null', '/dev/ttyUSB0'] }, { devices: ['/dev/null'] }];

let folder: ConfigFolder;

beforeEach(async () => {
  folder = await configFolder({
    'fleet.yaml': document('Fleet', {
      oldestAgent: '0.2.0',
      syncPolicy: { automated: { prune: true, selfHeal: true } },
    }),
    ...Object.fromEntries(['a', 'b', 'c', 'd'].map((site) => [`sites/${site}.yaml`, document('Site')])),
    'apps/pos/app.yaml': document('Application'),
    'apps/pos/compose.yaml': 'services: { web: { image: "pos:1" } }',
    'facts/a.json': facts('a', WITH),
    'facts/b.json': facts('b', WITHOUT),
    'facts/c.json': facts('c', WITHOUT),
  });
  git(folder.dir, 'init', '-q', '-b', 'main');
  await commit();
});
afterEach(() => folder.remove());

async function commit(): Promise<void> {
  git(folder.dir, 'add', '-A');
  git(folder.dir, 'commit', '-qm', 'Go on');
}

/** The exit code and the output of a command, without runs of blanks. */
async function told(...args: string[]): Promise<[code: number, lines: string[]]> {
  forgetWritten();
  const code = await run(args);
  return [code, written.split('\n').flatMap((text) => text.replace(/ {2,}/g, '  ').trim() || [])];
}
const at = (name: string): string[] => ['--facts', `${folder.dir}/${name}`];
const diff = (...args: string[]) => told('diff', '--fleet', folder.dir, ...args);

test('diff --fleet stops an app where its site lacks what it requires now, and says of which sites nothing is known', async () => {
  await folder.write({ 'apps/pos/app.yaml': document('Application', TTY) });
  const [code, lines] = await diff(...at('facts'));
  expect(code).toBe(1);
  expect(lines).toEqual([
    '2 sites: b, c',
    'pos',
    '= is parked: needs /dev/ttyUSB0',
    '- pos-web-1  stop  needs /dev/ttyUSB0',
    '1 site: d',
    'pos',
    '! requires /dev/ttyUSB0; a site that lacks it parks the app',
    expect.stringMatching(/^HEAD .*: 4 sites, 3 of them change in 2 ways, 1 do not$/),
    'in all: 2 containers stopped',
    expect.stringMatching(/^2 containers stopped at least for a moment/),
    'an app is parked on 2 sites, for want of what it requires',
    'no facts of 1 site: nobody knows if it has what its apps require',
  ]);
});

test('diff --fleet says that a change does not reach a site that parks the app, and nothing of an app that stays parked', async () => {
  await folder.write({ 'apps/pos/app.yaml': document('Application', TTY) });
  await commit();
  expect((await diff(...at('facts')))[0]).toBe(0);
  await folder.write({ 'apps/pos/compose.yaml': 'services: { web: { image: "pos:2" } }' });
  const [, lines] = await diff(...at('facts'));
  expect(lines.slice(0, 7)).toEqual([
    '2 sites: a, d',
    'pos',
    '+ image pos:2  pull  not on the disk',
    '~ pos-web-1  replace  image: pos:1 -> pos:2',
    '2 sites: b, c',
    'pos',
    '= is parked: needs /dev/ttyUSB0',
  ]);
  expect(lines).toContain('image to pull: pos:2 on 2 sites');
  const [, json] = await diff(...at('facts'), '-o', 'json');
  const { groups, totals } = JSON.parse(json.join('\n'));
  expect(totals).toMatchObject({ parkedSites: 2 });
  expect(groups[1]).toMatchObject({ sites: ['b', 'c'], apps: [{ app: 'pos', parked: 'needs /dev/ttyUSB0' }] });
  const [, markdown] = await diff(...at('facts'), '-o', 'markdown');
  expect(markdown).toContain('| 2 | pos: parked: needs /dev/ttyUSB0 |');
});

test('diff --fleet starts a parked app that requires the device no longer', async () => {
  await folder.write({ 'apps/pos/app.yaml': document('Application', TTY) });
  await commit();
  await folder.write({ 'apps/pos/app.yaml': document('Application') });
  const [, lines] = await diff(...at('facts'), '--site', 'b');
  expect(lines.slice(0, 3)).toEqual(['1 site: b', 'pos', expect.stringMatching(/^\+ pos-web-1 {2}create/)]);
});

test('an app that leaves a site by its facts is parked there, and the facts choose overlays', async () => {
  const arm = { matchLabels: { 'holdfast.arch': 'arm64' } };
  await folder.write({
    'apps/pos/app.yaml': document('Application', {
      placement: arm,
      overlays: [{ selector: arm, compose: ['arm.yaml'] }],
    }),
    'apps/pos/arm.yaml': 'services: { web: { mem_limit: 64m } }',
    'facts/a.json': facts('a', { arch: 'arm64' }),
    'facts/b.json': facts('b', { arch: 'amd64' }),
  });
  const [, lines] = await diff(...at('facts'), '--selector', 'holdfast.arch');
  const left = 'its placement does not take holdfast.arch amd64';
  expect(lines.slice(0, 7)).toEqual([
    '1 site: a',
    'pos',
    expect.stringMatching(/^~ pos-web-1 {2}update/),
    '1 site: b',
    'pos',
    `= is parked: ${left}`,
    expect.stringMatching(/^- pos-web-1 {2}stop/),
  ]);
  expect(await told('explain', '-f', folder.dir, 'b', 'pos', 'web.image', ...at('facts'))).toEqual([
    2,
    [`error: b does not run pos: ${left} (see spec.placement in apps/pos/app.yaml)`],
  ]);
  const [, shown] = await told('render', folder.dir, '--site', 'a', ...at('facts'));
  expect(shown.join(' ')).toContain('Memory: 67108864');
});

test('sites and explain show what an app requires, and who lacks it', async () => {
  await folder.write({
    'apps/pos/app.yaml': document('Application', { requires: { ...TTY.requires, onLoss: 'keep' } }),
  });
  const [, lines] = await told('sites', folder.dir, ...at('facts'));
  expect(lines).toEqual([
    'SITE  REQUIRES  PARKED  APPS',
    'a  pos: /dev/ttyUSB0  pos',
    'b  pos: /dev/ttyUSB0  pos: needs /dev/ttyUSB0  pos',
    'c  pos: /dev/ttyUSB0  pos: needs /dev/ttyUSB0  pos',
    'd  pos: /dev/ttyUSB0  pos',
  ]);
  const [code, explained] = await told('explain', '-f', folder.dir, 'b', 'pos', 'web.image', ...at('facts'));
  expect([code, ...explained.slice(0, 3)]).toEqual([
    0,
    'web of pos on b',
    'requires /dev/ttyUSB0: a site that lacks it parks pos, and its containers run on',
    expect.stringMatching(/^apps\/pos\/app\.yaml:1:\d+$/),
  ]);
  expect(explained).toContain('warning: pos is parked: needs /dev/ttyUSB0');
});

test('validate warns of an app that no site can run, or not every site', async () => {
  await folder.write({ 'apps/pos/app.yaml': document('Application', TTY) });
  const place = /^warning: apps\/pos\/app\.yaml:1:\d+: /;
  const [code, [some]] = await told('validate', folder.dir, ...at('facts'));
  expect([code, some?.replace(place, '')]).toEqual([0, 'pos is parked on 2 of 4 (b, c): needs /dev/ttyUSB0']);
  await folder.write({ 'facts/a.json': facts('a', WITHOUT), 'facts/d.json': facts('d', WITHOUT) });
  const [, [all]] = await told('validate', folder.dir, ...at('facts'));
  expect(all?.replace(place, '')).toBe('no site can run pos: pos is parked on 4 of 4 (a, b, c, d): needs /dev/ttyUSB0');
  expect((await told('validate', folder.dir))[1]).toEqual(['valid: 4 sites, 1 app']);
});

test('a file of facts that cannot be used is named with its place', async () => {
  await folder.write({ 'facts/b.json': facts('c'), 'facts/c.json': facts('c', { device: [] }) });
  expect(await diff(...at('facts'), '--site', 'b')).toEqual([
    2,
    [expect.stringMatching(/b\.json:1:1: this is the Facts of c, and not of b/)],
  ]);
  expect((await diff(...at('facts'), '--site', 'c'))[1].join(' ')).toMatch(/c\.json:1:\d+: unknown key `device`/);
  const [code, [missing]] = await diff(...at('nowhere'));
  expect([code, missing]).toEqual([2, expect.stringContaining('nowhere')]);
  expect((await told('diff', folder.dir, ...at('facts')))[1]).toEqual(['error: --facts goes with --fleet']);
});
