import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { compileSite } from '../../../src/compose/compile-site.ts';
import { placeSite } from '../../../src/fleet/place-site.ts';
import { emptyMemory } from '../../../src/model/memory.ts';
import { plan } from '../../../src/plan/plan.ts';
import { withFoundValues } from '../../../src/plan/unknown-values.ts';
import { actualOf } from '../../support/site/site-builder.ts';
import { memorySnapshot } from '../../support/values/memory-snapshot.ts';

const HEAD = 'apiVersion: holdfast/v1\nkind: ';

/** Lines of a service, with `X` for a variable. */
const LINES = [
  'image: "x:X"',
  'image: "r.example.org/X/y"',
  'environment: { A: "X", B: "a-X-b", C: c }',
  'environment: ["A=X"]',
  'env_file: web.env',
  'labels: { a: "X", b: c }',
  'command: ["serve", "--token=X"]',
  'entrypoint: ["X"]',
  'ports: ["P:80"]',
  'ports: ["127.0.0.1:P:80/udp", "81:81"]',
  'volumes: ["/srv/X:/x", "data:/y"]',
  'hostname: "X"',
  'user: "X"',
  'working_dir: "/X"',
  'container_name: "web-X"',
  'mem_limit: Pm',
  'deploy: { resources: { limits: { memory: "Pm", cpus: "1.P" } } }',
  'healthcheck: { test: [CMD, check, "X"], retries: 3 }',
  'extra_hosts: ["db:10.0.0.P"]',
  'sysctls: { net.core.somaxconn: "P" }',
  'configs: [made]',
  'tmpfs: ["/X"]',
  'logging: { driver: json-file, options: { tag: "X" } }',
  'restart: always',
  'stop_grace_period: Ps',
];

const repo = (lines: readonly string[]) => {
  const text = lines.map((line) => `    ${line}\n`).join('');
  const compose = `services:\n  web:\n    image: nginx\n${text}volumes: { data: {} }\nconfigs:\n  made: { content: "token X" }\n`;
  const put = (source: string): string =>
    source.replaceAll(/\bX\b/g, '$${TOKEN}').replaceAll(/\bP(?=[ms:"\]])/g, '$${NUMBER}');
  return memorySnapshot({
    'fleet.yaml': `${HEAD}Fleet\nspec: { siteValues: [TOKEN, NUMBER] }\n`,
    'sites/one.yaml': `${HEAD}Site\nspec: {}\n`,
    'apps/shop/app.yaml': `${HEAD}Application\nspec: { syncPolicy: { automated: { prune: true, selfHeal: true } } }\n`,
    'apps/shop/compose.yaml': put(
      lines.some((line) => line.startsWith('image')) ? compose.replace('    image: nginx\n', '') : compose,
    ),
    'apps/shop/web.env': put('FROM_FILE=X\n'),
  });
};

test('a site that runs as Git and its own values say has no difference without those values, whatever they are used for', async () => {
  const lines = fc.uniqueArray(fc.constantFrom(...LINES), {
    minLength: 1,
    maxLength: 6,
    selector: (line) => line.split(':')[0],
  });
  await fc.assert(
    fc.asyncProperty(
      lines,
      fc.stringMatching(/^[a-z]{4,8}$/),
      fc.integer({ min: 20, max: 60 }),
      async (chosen, token, number) => {
        const snapshot = repo(chosen);
        const placed = await placeSite(snapshot, {});
        const localValues = { TOKEN: token, NUMBER: String(number) };
        const real = await compileSite(placed, snapshot, { filesDir: '/files', localValues });
        expect(real.broken).toEqual([]);
        const names = new Set<string>();
        const blind = await compileSite(placed, snapshot, {
          filesDir: '/files',
          placeholders: true,
          onPlaceholder: (name) => names.add(`{{${name}}}`),
        });
        expect(blind.broken).toEqual([]);
        const { desired, actual } = withFoundValues(blind, actualOf(real), names);
        const options = { byHand: true, prune: false, pullAlways: false };
        const { apps } = plan(desired, actual, emptyMemory(), 0, options);
        expect(apps.flatMap(({ operations }) => operations.map((each) => `${each.kind}: ${each.reason}`))).toEqual([]);
        expect(apps.flatMap(({ problems }) => problems)).toEqual([]);
      },
    ),
    { numRuns: 200 },
  );
});

test('a field that differs for another reason is still a difference', async () => {
  const snapshot = repo(['environment: { A: "X", C: c }']);
  const placed = await placeSite(snapshot, {});
  const real = await compileSite(placed, snapshot, { filesDir: '/files', localValues: { TOKEN: 'abcd' } });
  const found = actualOf(real);
  const [web] = found.containers;
  if (web) web.spec = { ...web.spec, Env: { ...web.spec.Env, C: 'd' }, User: 'root' };
  const blind = await compileSite(placed, snapshot, { filesDir: '/files', placeholders: true });
  const { desired, actual } = withFoundValues(blind, found, new Set(['{{TOKEN}}']));
  const { apps } = plan(desired, actual, emptyMemory(), 0, { byHand: true, prune: false, pullAlways: false });
  const [first] = apps[0]?.operations ?? [];
  expect(first?.reason).toBe('replaces shop-web-1: user: root, wanted none; environment: C differs (drift)');
});
