import { describe, expect, test } from '@jest/globals';
import { emptyMemory, type Memory } from '../../../../src/model/memory.ts';
import type { ContainerSpec } from '../../../../src/model/spec.ts';
import type { ActualSite, DesiredSite } from '../../../../src/model/state.ts';
import { slotKey } from '../../../../src/model/subject.ts';
import { agentOptions } from '../../../../src/plan/facts/policy.ts';
import { plan } from '../../../../src/plan/plan.ts';
import { changesOf } from '../../../../src/plan/print/changes.ts';
import { renderJson } from '../../../../src/plan/print/render.ts';
import { renderChanges } from '../../../../src/plan/print/render-changes.ts';
import { rewrittenPlan } from '../../../../src/plan/print/rewrite.ts';
import {
  actualOf,
  app,
  automated,
  bare,
  but,
  butSpec,
  file,
  network,
  type Part,
  service,
  settled,
  site,
  volume,
} from '../../../support/site/site-builder.ts';

const shop = (...parts: Part[]): DesiredSite => site(app('shop', ...parts));
const web = (spec: Partial<ContainerSpec> = {}): DesiredSite => shop(service('web', spec));

interface Seen {
  memory?: Memory;
  hide?: (text: string) => string;
}

/** The plan as people read it, without the empty lines and the head of the app. */
function told(git: DesiredSite, actual: ActualSite, { memory = settled(git), hide = (text) => text }: Seen = {}) {
  const made = rewrittenPlan(plan(git, actual, memory, 0, agentOptions), hide);
  const lines = renderChanges(made).map(({ sent }) => sent.replace(/ {2,}/g, '  ').trim());
  return lines.filter((line) => line !== '' && line !== 'shop');
}

/** The changes when a site that ran `old` should run `git`. */
const between = (old: DesiredSite, git: DesiredSite, seen: Seen = {}): string[] =>
  told(
    git,
    { ...actualOf(old), images: { ...actualOf(old).images, ...bare(git).images } },
    { memory: settled(old), ...seen },
  );

describe('a container is a line', () => {
  test('that is created, with everything that it needs', () => {
    const git = shop(service('web'), volume('data'), file('/apps/shop/a', 'x'), file('/apps/shop/b', 'x'));
    expect(told(git, { ...bare(git), images: {} }, { memory: emptyMemory() })).toEqual([
      '+ 2 files  write  not on the disk',
      '+ network shop_default  create  no such network',
      '+ volume shop_data  create  no such volume',
      '+ image web:1  pull  not on the disk',
      '+ shop-web-1  create  no such container',
      'shop-17 at r1: 1 container created; 1 network created; 1 volume created; 1 image pulled; 2 files written (1 app)',
    ]);
  });

  test('that is replaced, with every field and both values, by its final name', () => {
    expect(between(web({ Cmd: ['sleep', '10'] }), web({ Image: 'web:2', Cmd: ['sleep', '20'], User: 'app' }))).toEqual([
      '~ shop-web-1  replace  image: web:1 -> web:2; user: none -> app; command: sleep 10 -> sleep 20',
      'shop-17 at r1: 1 container replaced (1 app)',
    ]);
  });

  test('that is updated in place', () => {
    expect(between(web({ Memory: 64 << 20 }), web({ Memory: 32 << 20 }))).toEqual([
      '~ shop-web-1  update  memory: 64m -> 32m',
      'shop-17 at r1: 1 container updated in place (1 app)',
    ]);
  });

  test('that is connected again', () => {
    const git = shop(service('web'));
    expect(told(git, butSpec(actualOf(git), 'shop-web-1', { Networks: {} }))).toEqual([
      '~ shop-web-1  update  not connected to shop_default (drift)',
      'shop-17 at r1: 1 container updated in place (1 app)',
    ]);
  });

  test.each([
    ['started', { status: 'exited', exitCode: 137 }, '+ shop-web-1  start  exited with 137 (drift)'],
    ['restarted', { health: 'unhealthy' }, '~ shop-web-1  restart  unhealthy (drift)'],
    ['unpaused', { status: 'paused' }, '+ shop-web-1  unpause  paused (drift)'],
    ['renamed', { name: 'other' }, '~ shop-web-1  rename  is called other (drift)'],
  ] as const)('that is %s', (_, changes, line) => {
    const git = web();
    expect(told(git, but(actualOf(git), 'shop-web-1', changes))[0]).toBe(line);
  });

  test('that is removed', () => {
    const both = shop(service('web'), service('db'));
    expect(between(both, web())).toEqual([
      '- shop-db-1  remove  db is not in Git',
      'shop-17 at r1: 1 container removed (1 app)',
    ]);
  });

  test('with hooks that are left to run', () => {
    const git = shop(service('web', {}, { postStart: ['warm'] }));
    const actual = actualOf(git);
    const pendingHooks = { [slotKey({ app: 'shop', service: 'web', number: 1 })]: { before: [], done: 0 } };
    expect(told(git, actual, { memory: settled(git, { pendingHooks }) })[0]).toBe(
      '~ shop-web-1  run hooks  it was started and has yet to have it (drift)',
    );
  });

  test('that was made for something else than it is, and is drift then', () => {
    const git = web({ User: 'app' });
    expect(told(git, butSpec(actualOf(git), 'shop-web-1', { User: 'root' }))[0]).toBe(
      '~ shop-web-1  replace  user: root -> app (drift)',
    );
  });
});

test('networks and volumes that are made again or removed are lines, and files that Git no longer has', () => {
  const old = shop(service('web'), network('default', { Internal: true }), file('/apps/shop/a', 'x'));
  const memory = settled(old, { files: { shop: { '/apps/shop/a': old.apps[0]?.files[0]?.digest ?? '' } } });
  const lines = between(old, web(), { memory });
  expect(lines).toEqual([
    '~ network shop_default  make again  internal: true, wanted false',
    '- 1 file  delete  no longer in Git',
    'shop-17 at r1: 1 network made again; 1 file deleted (1 app)',
  ]);
  expect(between(shop(service('web'), network('n')), web())).toContainEqual(
    expect.stringMatching(/^- network shop_n {2}remove/),
  );
});

test('a change that is withheld is a line that says by what, and is counted apart', () => {
  const kept = site({ ...app('shop', service('web')), sync: automated({ prune: false }) });
  expect(between(shop(service('web'), service('db')), kept)).toEqual([
    '- shop-db-1  remove  db is not in Git [withheld: syncPolicy.automated.prune is not set]',
    'shop-17 at r1: 1 withheld (1 app)',
  ]);
});

test('nothing to do is said in one line', () => {
  expect(told(web(), actualOf(web()))).toEqual(['shop-17 at r1: nothing to do (1 app)']);
});

describe('no output shows', () => {
  const outputs = (old: DesiredSite, git: DesiredSite, hide = (text: string) => text): string => {
    const actual = { ...actualOf(old), images: { ...actualOf(old).images, ...bare(git).images } };
    const made = rewrittenPlan(plan(git, actual, settled(old), 0, agentOptions), hide);
    return [...renderChanges(made).map(({ sent }) => sent), renderJson(made)].join('\n');
  };

  test.each<[string, (secret: string) => Partial<ContainerSpec>]>([
    ['a variable of the environment that is called one', (secret) => ({ Env: { API_TOKEN: secret } })],
    ['a URL with a password', (secret) => ({ Env: { URL: `https://user:${secret}@host/` } })],
    ['an option of a command', (secret) => ({ Cmd: ['run', '--password', secret] })],
    ['an option with its value', (secret) => ({ Cmd: ['run', `--api-key=${secret}`] })],
    ['an option of an entrypoint', (secret) => ({ Entrypoint: ['run', '--token', secret] })],
    ['a label', (secret) => ({ Labels: { 'my.secret': secret } })],
    ['an option of logging', (secret) => ({ LogConfig: { Type: 'splunk', Config: { 'splunk-token': secret } } })],
    ['a health check', (secret) => ({ Healthcheck: { Test: ['CMD', 'ask', '--password', secret] } })],
  ])('a secret in %s', (_, spec) => {
    const shown = outputs(web(spec('hunter-one')), web(spec('hunter-two')));
    expect(shown).toContain('replace');
    expect(shown).not.toMatch(/hunter-(one|two)/);
  });

  test('a value that only the site knows, wherever it is', () => {
    const hide = (text: string): string => text.replaceAll(/s3cr3t\w*/g, '${CODE}');
    const of = (value: string) => web({ Hostname: value, Cmd: ['run', value], Env: { CODE: value } });
    const shown = outputs(of('s3cr3tone'), of('s3cr3ttwo'), hide);
    expect(shown).toContain('hostname: ${CODE} -> ${CODE}');
    expect(shown).not.toContain('s3cr3t');
  });

  test('a very long value', () => {
    const of = (letter: string) => web({ Env: { PLACE: letter.repeat(500) } });
    expect(outputs(of('x'), of('y'))).not.toMatch(/x{20}|y{20}/);
  });
});

test('the same is data: action, effect, cause, and fields with both values', () => {
  const git = web({ Image: 'web:2' });
  const actual = { ...actualOf(web()), images: { ...actualOf(web()).images, ...bare(git).images } };
  const [found] = plan(git, actual, settled(web()), 0, agentOptions).apps;
  expect(changesOf(found as NonNullable<typeof found>)).toEqual([
    {
      kind: 'container',
      name: 'shop-web-1',
      count: 1,
      service: 'web',
      action: 'replace',
      effect: 'restart',
      cause: 'revision',
      fields: [{ field: 'image', from: 'web:1', to: 'web:2' }],
      reason: 'replaces shop-web-1: image: web:1, wanted web:2',
      withheld: undefined,
    },
  ]);
});
