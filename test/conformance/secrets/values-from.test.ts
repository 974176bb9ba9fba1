import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { compileSite } from '../../../src/compose/compile-site.ts';
import { placeSite } from '../../../src/fleet/place-site.ts';
import { formatProblem } from '../../../src/lib/errors.ts';
import type { DesiredContainer } from '../../../src/model/state.ts';
import { goalOf } from '../../../src/plan/facts/goals.ts';
import { planRecipients, sealRecipients } from '../../../src/recipients/plan-recipients.ts';
import { generateIdentity, type Identity, keyFileText } from '../../../src/secrets/crypt/identity.ts';
import { siteSecrets } from '../../../src/secrets/site-secrets.ts';
import { folderSnapshot } from '../../../src/source/folder-snapshot.ts';

const sops = process.env.SOPS_PEER ?? '';
const run = promisify(execFile);
const head = 'apiVersion: holdfast/v1\nkind: ';
const PLAIN = {
  'values/all.yaml': 'FLEET: weasel one\nCOUNT: 12\nRATIO: 1.5\nON: true\nLINES: |\n  a\n  b\n',
  'apps/pos/pos.json': '{"APP": "marten \\"two\\" $x", "EMPTY": ""}',
  'values/site.env': '# a comment\nSITE="badger = three"\nexport PLAIN=\'four $x\'\n',
};
const NAMES = ['FLEET', 'COUNT', 'RATIO', 'ON', 'LINES', 'APP', 'EMPTY', 'SITE', 'PLAIN'];

(existsSync(sops) ? describe : describe.skip)('files with values, beside sops', () => {
  let dir: string;
  let [shop, other, person]: Identity[] = [];
  const write = async (path: string, text: string): Promise<void> => {
    await mkdir(dirname(join(dir, path)), { recursive: true });
    await writeFile(join(dir, path), text, { mode: 0o600 });
  };
  const bySops = (...args: string[]) =>
    run(sops, args, { cwd: dir, env: { PATH: process.env.PATH, SOPS_AGE_KEY_FILE: join(dir, 'person.key') } });

  beforeAll(async () => {
    dir = await mkdtemp(join(tmpdir(), 'hf-values-'));
    [shop, other, person] = [await generateIdentity(), await generateIdentity(), await generateIdentity()];
    const environment = NAMES.map((name) => `      ${name}: "\${${name}}"\n`).join('');
    await write('person.key', keyFileText(person as Identity));
    await write(
      'fleet.yaml',
      `${head}Fleet\nspec:\n  valuesFrom: values/all.yaml\n  recipients: [${person?.recipient}]\n`,
    );
    const site = `spec:\n  recipients: [${shop?.recipient}]\n  valuesFrom: /values/site.env\n`;
    await write('sites/shop.yaml', `${head}Site\n${site}`);
    await write('apps/pos/app.yaml', `${head}Application\nspec:\n  valuesFrom: pos.json\n`);
    await write('apps/pos/compose.yaml', `services:\n  web:\n    image: busybox\n    environment:\n${environment}`);
    for (const [path, text] of Object.entries(PLAIN)) await write(path, text);
    const snapshot = await folderSnapshot(dir);
    await write('.sops.yaml', (await sealRecipients(snapshot, await planRecipients(snapshot, []), [])).rules);
    for (const path of Object.keys(PLAIN)) await bySops('encrypt', '--in-place', path);
  }, 60_000);
  afterAll(() => rm(dir, { recursive: true, force: true }));

  const compiled = async (key: Identity | undefined) => {
    const snapshot = await folderSnapshot(dir);
    const secrets = key && siteSecrets({ site: [key], apps: new Map() }, Buffer.alloc(32, 1));
    const placed = await placeSite(snapshot, { site: 'shop' });
    return compileSite(placed, snapshot, { filesDir: '/files', ...(secrets ? { secrets } : { placeholders: true }) });
  };
  const web = async (key = shop): Promise<DesiredContainer> => {
    const { apps, broken } = await compiled(key);
    expect(broken).toEqual([]);
    return apps[0]?.services[0]?.containers[0] as DesiredContainer;
  };

  test('the rules of `holdfast recipients` are for them, and the values come back as they were', async () => {
    for (const path of Object.keys(PLAIN)) {
      const text = await readFile(join(dir, path), 'utf8');
      expect(text).not.toMatch(/weasel|marten|badger|four/);
      expect([path, text.includes(shop?.recipient ?? '-'), text.includes(person?.recipient ?? '-')]).toEqual([
        path,
        true,
        true,
      ]);
    }
    const { spec, covered } = await web();
    expect(spec.Env).toEqual({
      FLEET: 'weasel one',
      COUNT: '12',
      RATIO: '1.5',
      ON: 'true',
      LINES: 'a\nb\n',
      APP: 'marten "two" $x',
      EMPTY: '',
      SITE: 'badger = three',
      PLAIN: 'four $x',
    });
    expect(Object.keys(covered ?? {}).sort()).toEqual([...NAMES].sort());
  });

  test('another encryption of the same values is no other goal, and another value is', async () => {
    const before = await web();
    for (const path of Object.keys(PLAIN)) {
      await bySops('rotate', '--in-place', path);
      await bySops('updatekeys', '--yes', path);
    }
    expect(goalOf(await web())).toBe(goalOf(before));
    await bySops('set', 'values/all.yaml', '["FLEET"]', '"weasel five"');
    const after = await web();
    expect(after.spec.Env?.FLEET).toBe('weasel five');
    expect(goalOf(after)).not.toBe(goalOf(before));
  });

  test('a laptop without a key takes updatekeys as unchanged, and another encryption as other content', async () => {
    const open = async () => (await compiled(undefined)).apps[0]?.services[0]?.containers[0]?.spec.Env;
    const before = await open();
    expect(before?.SITE).toMatch(/^\{\{SITE encrypted \w+\}\}$/);
    const rules = await readFile(join(dir, '.sops.yaml'), 'utf8');
    await write(
      '.sops.yaml',
      rules.replaceAll(shop?.recipient ?? '-', `${shop?.recipient},\n      ${other?.recipient}`),
    );
    await bySops('updatekeys', '--yes', 'values/site.env');
    expect(await readFile(join(dir, 'values/site.env'), 'utf8')).toContain(other?.recipient);
    expect(await open()).toEqual(before);
    await bySops('rotate', '--in-place', 'values/site.env');
    expect((await open())?.SITE).not.toBe(before?.SITE);
    expect((await open())?.FLEET).toBe(before?.FLEET);
  });

  test('a site with another key gets nothing of a copy', async () => {
    const { broken } = await compiled(person && other);
    expect(broken.flatMap(({ problems }) => problems.map(formatProblem))[0]).toContain(
      'values/all.yaml is not encrypted for the key here',
    );
  });
});
