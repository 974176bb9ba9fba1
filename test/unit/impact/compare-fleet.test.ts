import { describe, expect, test } from '@jest/globals';
import { impactJson } from '../../../src/impact/print/json.ts';
import { impactMarkdown } from '../../../src/impact/print/markdown.ts';
import { generateIdentity } from '../../../src/secrets/crypt/identity.ts';
import { sealedFile } from '../../support/secrets/sealed-file.ts';
import { compare, document, type Files, fleet, told, web } from './support.ts';

describe('the effect of a change of encrypted files, without a key', () => {
  const text = `services:
  web: { image: "shop/web:1", secrets: [db], env_file: web.env }
secrets: { db: { file: ./db.yaml } }
`;
  const files = async (password: string, keys: number, iv: number): Promise<Files> => {
    const identities = await Promise.all(Array.from({ length: keys }, () => generateIdentity()));
    const recipients = identities.map(({ recipient }) => recipient);
    const options = { recipients, dataKey: Buffer.alloc(32, 1), random: (size: number) => Buffer.alloc(size, iv) };
    return {
      'apps/pos/db.yaml': await sealedFile('db.yaml', `password: ${password}\n`, options),
      'apps/pos/web.env': await sealedFile('web.env', `TOKEN=${password}\n`, options),
    };
  };

  test('other recipients of the same encrypted values are no change', async () => {
    const [from, to] = [fleet(text, await files('weasel', 1, 1)), fleet(text, await files('weasel', 3, 1))];
    expect(from['apps/pos/db.yaml']).not.toBe(to['apps/pos/db.yaml']);
    expect(await told(from, to)).toEqual([]);
  });

  test('other encrypted values are told as changed, without their content', async () => {
    const from = fleet(text, await files('weasel', 1, 1));
    const expected = [
      '3 sites: a, b, c',
      'pos',
      '~ pos-web-1  replace  environment.TOKEN: changed, content unknown; files: changed, content unknown',
    ];
    expect(await told(from, fleet(text, await files('marten', 1, 1)))).toEqual(expected);
    // As `sops rotate` does it.
    expect(await told(from, fleet(text, await files('weasel', 1, 2)))).toEqual(expected);
  });
});

describe('the effect of a change on a fleet', () => {
  test('nothing changes where the files are the same, or differ in what is no part of the plan', async () => {
    const one = fleet(web('shop/web:1.2'));
    expect(await told(one, one)).toEqual([]);
    expect(await told(one, { ...one, 'README.md': 'new' })).toEqual([]);
    expect(await told(one, { ...one, 'apps/pos/compose.yaml': `# a comment\n${web('shop/web:1.2')}` })).toEqual([]);
  });

  test('sites with the same plan are one group, with the values of both sides', async () => {
    expect(await told(fleet(web('shop/web:1.2')), fleet(web('shop/web:1.3', ', command: sleep 20')))).toEqual([
      '3 sites: a, b, c',
      'pos',
      '+ image shop/web:1.3  pull  not on the disk',
      '~ pos-web-1  replace  image: shop/web:1.2 -> shop/web:1.3; command: none -> sleep 20',
    ]);
  });

  test('a hook that the change will run has a line, and a change that leaves the app alone runs none', async () => {
    const hooked = (image: string): string =>
      `services:\n  web: {image: "${image}"}\n  migrate: {image: "tool:1", profiles: [hooks], x-holdfast: {hook: PreSync}}\n`;
    const [from, to] = [fleet(hooked('shop/web:1.2')), fleet(hooked('shop/web:1.3'))];
    expect(await told(from, to)).toEqual([
      '3 sites: a, b, c',
      'pos',
      '+ image shop/web:1.3  pull  not on the disk',
      '+ hook migrate  run  PreSync hook, before the app changes',
      '~ pos-web-1  replace  image: shop/web:1.2 -> shop/web:1.3',
    ]);
    expect(await told(from, { ...from, 'README.md': 'new' })).toEqual([]);
    const compared = await compare(from, to);
    expect(impactMarkdown({ from: 'old', to: 'new', ...compared })).toContain('3 containers replaced; 3 hooks run');
  });

  test('sites with other plans are other groups, the largest first', async () => {
    const canary = { overlays: [{ selector: { matchLabels: { ring: 'canary' } }, compose: ['canary.yaml'] }] };
    const files = fleet(web('shop/web:1.2'), {
      'apps/pos/app.yaml': document('Application', canary),
      'apps/pos/canary.yaml': 'services: { web: { environment: { TRACE: "on" } } }',
    });
    expect(
      await told(fleet(web('shop/web:1.2')), {
        ...files,
        'apps/pos/compose.yaml': web('shop/web:1.2', ', mem_limit: 64m'),
      }),
    ).toEqual([
      '2 sites: b, c',
      'pos',
      '~ pos-web-1  update  memory: unlimited -> 64m',
      '1 site: a',
      'pos',
      '~ pos-web-1  replace  environment.TRACE: none -> on; memory: unlimited -> 64m',
    ]);
  });

  test('changes that differ by the name and the values of a site alone are one group', async () => {
    const own = (number: string) => document('Site', { values: { NUMBER: number } });
    const sites = { 'sites/a.yaml': own('10001'), 'sites/b.yaml': own('10002'), 'sites/c.yaml': own('10003') };
    const named = ', hostname: "till-${HOLDFAST_SITE}-${NUMBER}"';
    const [from, to] = [fleet(web('shop/web:1'), sites), fleet(web('shop/web:1', named), sites)];
    expect((await told(from, to))[0]).toBe('3 sites: a, b, c');
    expect(await told(from, to)).toContain('~ pos-web-1  replace  hostname: none -> till-${HOLDFAST_SITE}-${NUMBER}');
  });

  test('a secret is not shown', async () => {
    const secret = (value: string) =>
      web('shop/web:1', `, environment: { API_TOKEN: "${value}", URL: "https://u:${value}@host/" }`);
    const lines = await told(fleet(secret('first')), fleet(secret('second')));
    expect(lines.at(-1)).toBe(
      '~ pos-web-1  replace  environment.API_TOKEN: changed (not shown); environment.URL: changed (not shown)',
    );
    const compared = await compare(fleet(secret('first')), fleet(secret('second')));
    const report = { from: 'old', to: 'new', ...compared };
    for (const output of [impactJson(report), impactMarkdown(report)]) expect(output).not.toMatch(/first|second/);
  });

  test('sites that come, go or cannot be read are told apart', async () => {
    const before = fleet(web('shop/web:1'));
    const { 'sites/a.yaml': _, ...without } = before;
    expect(await told(before, without)).toEqual([
      '1 site, no longer in Git: a',
      'nothing changes there: an agent whose site is gone from Git keeps what it runs, and says so',
    ]);
    expect((await told(without, before)).slice(0, 2)).toEqual(['1 site, new: a', 'pos']);
    expect(await told(before, { ...before, 'sites/b.yaml': document('Site', { sitte: 1 }) })).toEqual([
      '1 site: b',
      expect.stringMatching(/^! refused: sites\/b\.yaml:1:\d+: unknown key `sitte`/),
    ]);
  });

  test('an app that cannot be compiled is refused, and the others are planned', async () => {
    const other = {
      'apps/kiosk/app.yaml': document('Application'),
      'apps/kiosk/compose.yaml': web('kiosk:1'),
    };
    const from = fleet(web('shop/web:1'), other);
    const to = {
      ...from,
      'apps/pos/compose.yaml': 'services: { web: { imagee: x } }',
      'apps/kiosk/compose.yaml': web('kiosk:2'),
    };
    const lines = await told(from, to);
    expect(lines).toContain('~ kiosk-web-1  replace  image: kiosk:1 -> kiosk:2');
    expect(lines).toContainEqual(expect.stringMatching(/^! refused: apps\/pos\/compose\.yaml:1:/));
    // An app that was refused before is no news.
    expect(await told(to, to)).toEqual([]);
  });

  test('a prune that the guard withholds is told as one', async () => {
    const from = fleet(web('shop/web:1'));
    const to = fleet('services: { other: { image: "other:1" } }');
    expect((await told(from, to)).join('\n')).toMatch(/remove +.*\[withheld|remove {2}db is not in Git/);
  });

  test('a pinned site is compiled at its pin on both sides, and is not known where the clone lacks it', async () => {
    const pinned = (files: Files): Files => ({ ...files, 'sites/a.yaml': document('Site', { targetRevision: 'v1' }) });
    const [from, to] = [pinned(fleet(web('shop/web:1'))), pinned(fleet(web('shop/web:2')))];
    expect((await told(from, to, undefined, { v1: fleet(web('shop/web:0')) }))[0]).toBe('2 sites: b, c');
    expect((await told(from, to)).slice(-2)).toEqual([
      '1 site: a',
      '? not known: pinned to v1, which this clone lacks',
    ]);
  });

  test('the step in which a change begins is told, and sites in other steps are other groups', async () => {
    const rollout = { steps: [{ selector: { matchLabels: { ring: 'canary' } } }, { percent: 100, after: '1h' }] };
    const stepped = (image: string) =>
      fleet(web(image), {
        'fleet.yaml': JSON.stringify({
          apiVersion: 'holdfast/v1',
          kind: 'Fleet',
          spec: { oldestAgent: '0.2.0', syncPolicy: { automated: {} }, rollout },
        }),
      });
    const lines = await told(stepped('shop/web:1'), stepped('shop/web:2'));
    expect(lines.filter((line) => /^\d|^pos/.test(line))).toEqual([
      '2 sites: b, c',
      'pos (step 2 of 2, after 1 h)',
      '1 site: a',
      'pos (step 1 of 2, at once)',
    ]);
  });

  test('an app that requires other things is told of, with its step, although no container changes', async () => {
    const asking = (requires?: object, after = '1h') =>
      fleet(web('shop/web:1'), {
        'fleet.yaml': JSON.stringify({ apiVersion: 'holdfast/v1', kind: 'Fleet', spec: { oldestAgent: '0.2.0' } }),
        'apps/pos/app.yaml': document('Application', {
          rollout: { steps: [{ percent: 100, after }] },
          ...(requires ? { requires } : {}),
        }),
      });
    const [none, tty, big] = [
      asking(),
      asking({ devices: [{ path: '/dev/ttyS0' }] }),
      asking({ memory: '2g', gpus: 1 }),
    ];
    const step = 'pos (step 1 of 1, after 1 h)';
    const parks = 'a site that lacks it parks the app';
    expect((await told(none, tty)).slice(1)).toEqual([step, `! requires /dev/ttyS0; ${parks}`]);
    expect((await told(tty, big)).slice(1)).toEqual([
      step,
      `! requires a GPU and 2 GiB of memory, before: /dev/ttyS0; ${parks}`,
    ]);
    expect((await told(big, none)).slice(1)).toEqual([
      step,
      '! requires a GPU and 2 GiB of memory no longer: it also runs on sites that lack it',
    ]);
    expect(await told(tty, tty)).toEqual([]);
  });

  test('a key that the oldest agent does not know is refused, for an app or for the sites', async () => {
    const old = fleet(web('shop/web:1'));
    const windows = { syncWindows: [{ kind: 'deny', schedule: '0 1 * * *', duration: '1h' }] };
    expect(await told(old, { ...old, 'apps/pos/app.yaml': document('Application', windows) })).toEqual([
      '3 sites: a, b, c',
      'pos',
      expect.stringMatching(
        /^! refused: apps\/pos\/app\.yaml:1:\d+: spec\.syncWindows came with 0\.2\.0, and agents of 0\.1\.0/,
      ),
    ]);
    const suspended = { ...old, 'sites/b.yaml': document('Site', { suspend: true }, { ring: 'rest' }) };
    expect(await told(old, suspended)).toEqual([
      '1 site: b',
      expect.stringMatching(/^! refused: sites\/b\.yaml:1:\d+: spec\.suspend came with 0\.2\.0, and agents of 0\.1\.0/),
    ]);
  });

  test('sites, labels and apps narrow it', async () => {
    const [from, to] = [fleet(web('shop/web:1')), fleet(web('shop/web:2'))];
    expect((await told(from, to, { sites: ['b'] }))[0]).toBe('1 site: b');
    expect((await told(from, to, { selector: { matchLabels: { ring: 'rest' } } }))[0]).toBe('2 sites: b, c');
    expect(await told(from, to, { apps: ['kiosk'] })).toEqual([]);
  });

  test('the costs are summed over all sites', async () => {
    const compared = await compare(
      fleet(web('shop/web:1')),
      fleet(web('shop/web:2').replace('postgres:16', 'postgres:17')),
    );
    expect(JSON.parse(impactJson({ from: 'old', to: 'new', ...compared })).totals).toEqual({
      unchanged: 0,
      changed: 3,
      groups: 1,
      parkedSites: 0,
      refused: 0,
      actions: [
        { kind: 'container', action: 'replace', count: 6 },
        { kind: 'image', action: 'pull', count: 6 },
      ],
      withheld: 0,
      restarts: 6,
      restartSites: 3,
      volumes: 3,
      images: [
        { image: 'postgres:17', sites: 3 },
        { image: 'shop/web:2', sites: 3 },
      ],
    });
  });

  test('a comment for a pull request has at most 60 KB, and says what it leaves out', async () => {
    const sites = Object.fromEntries(
      Array.from({ length: 400 }, (_, index) => [
        `sites/s${index}.yaml`,
        document('Site', { values: { N: `v${index}` } }),
      ]),
    );
    const own = (name: string) =>
      web(
        'shop/web:1',
        `, environment: { ${Array.from({ length: 20 }, (_, i) => `V${i}: "\${N}${'x'.repeat(i)}"`).join(', ')}, SAME: ${name} }`,
      );
    const from = fleet(own('one'), sites);
    const changed = Object.fromEntries(
      Object.keys(sites).map((path, index) => [path, document('Site', { values: { N: `w${index}` } })]),
    );
    const markdown = impactMarkdown({ from: 'old', to: 'new', ...(await compare(from, { ...from, ...changed })) });
    expect(Buffer.byteLength(markdown)).toBeLessThanOrEqual(60 * 1024);
    expect(markdown).toMatch(/The details of \d+ groups with \d+ sites are left out/);
  });
});
