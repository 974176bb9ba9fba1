import { expect, test } from '@jest/globals';
import { emptyMemory } from '../../../src/model/memory.ts';
import type { ContainerSpec } from '../../../src/model/spec.ts';
import type { ActualSite, DesiredSite } from '../../../src/model/state.ts';
import { agentOptions } from '../../../src/plan/facts/policy.ts';
import { plan } from '../../../src/plan/plan.ts';
import { actualOf, app, automated, but, type Part, service, settled, site } from '../../support/site/site-builder.ts';
import { planLines } from '../../support/values/plan-lines.ts';

const PATH = '/run/holdfast/secrets/shop/secret-db';
const web: Partial<ContainerSpec> = {
  RestartPolicy: { Name: 'always' },
  Mounts: [{ Type: 'bind', Source: PATH, Target: '/run/secrets/db', ReadOnly: true, MustExist: true }],
};
const secretFile = (digest: string, secret: 'open' | 'sealed' = 'open'): Part => ({
  part: 'file',
  file: { path: PATH, content: new Uint8Array(), mode: 0o444, digest, secret },
});
/** By key `k1`, unless said otherwise. */
const withSecret = (digest: string, sealed = digest, key = 'k1', sync = automated({})): DesiredSite => {
  const made = app('shop', secretFile(digest), service('web', web, { filesDigest: `+${key}.${digest}+${sealed}` }));
  return site({ ...made, sync });
};
const sealedSite = (sealed: string): DesiredSite =>
  site(app('shop', secretFile(sealed, 'sealed'), service('web', web, { filesDigest: `++${sealed}` })));

const git = withSecret('one');
const rebooted = (desired: DesiredSite): ActualSite => ({
  ...but(actualOf(desired), 'shop-web-1', { status: 'exited', exitCode: 128, error: `no ${PATH}` }),
  files: {},
});

test('after a reboot the secrets are written, and then the container is started, even without selfHeal', () => {
  const expected = [
    '1 write /run/holdfast/secrets/shop/secret-db: not in memory',
    expect.stringMatching(/^2 start shop-web-1: .*\(after 1\)$/),
  ];
  expect(planLines({ git, site: rebooted(git), memory: settled(git) })).toEqual(expected);
  const manual = withSecret('one', 'one', 'k1', automated({ selfHeal: false }));
  expect(planLines({ git: manual, site: rebooted(manual), memory: settled(manual) })).toEqual(expected);
  // The agent ended between the two steps.
  const written = { ...rebooted(manual), files: { [PATH]: { digest: 'one', mode: 0o444 } } };
  expect(planLines({ git: manual, site: written, memory: settled(manual) })).toEqual([
    expect.stringMatching(/^1 start shop-web-1: exited with 128 \(drift\)$/),
  ]);
});

test('a container that a person stopped is not started without selfHeal', () => {
  const manual = withSecret('one', 'one', 'k1', automated({ selfHeal: false }));
  const stopped = but(actualOf(manual), 'shop-web-1', { status: 'exited', exitCode: 0 });
  expect(planLines({ git: manual, site: stopped, memory: settled(manual) })).toEqual([
    expect.stringMatching(/start shop-web-1: .*withheld by selfHeal/),
  ]);
});

test('a secret that is not there is written again, and what runs with it runs on', () => {
  expect(planLines({ git, site: { ...actualOf(git), files: {} }, memory: settled(git) })).toEqual([
    '1 write /run/holdfast/secrets/shop/secret-db: not in memory',
  ]);
});

test('another content replaces the container, and another encryption of the same content does not', () => {
  expect(planLines({ git: withSecret('two'), site: actualOf(git), memory: settled(git) })[1]).toContain(
    'create shop-web-1.new: replaces shop-web-1: a file it binds changed in Git',
  );
  expect(planLines({ git: withSecret('one', 'rotated'), site: actualOf(git), memory: settled(git) })).toEqual([]);
});

test('a key of digests that was lost replaces nothing, and the next other content is seen on the file', () => {
  const others = withSecret('other', 'one', 'k2');
  // The agent sees the file by its new key.
  const seen = { ...actualOf(git), files: { [PATH]: { digest: 'other', mode: 0o444 } } };
  expect(planLines({ git: others, site: seen })).toEqual([]);
  expect(planLines({ git: withSecret('other', 'rotated', 'k2'), site: seen })).toEqual([]);
  expect(planLines({ git: withSecret('new', 'new', 'k2'), site: seen }).slice(0, 2)).toEqual([
    '1 write /run/holdfast/secrets/shop/secret-db: differs from Git',
    expect.stringContaining('create shop-web-1.new: replaces shop-web-1'),
  ]);
});

test('a laptop without a key compares the encrypted values', () => {
  expect(planLines({ git: sealedSite('one'), site: actualOf(git) })).toEqual([]);
  expect(planLines({ git: sealedSite('two'), site: actualOf(git) })[0]).toContain(
    'replaces shop-web-1: an encrypted file it binds changed in Git, content unknown',
  );
});

test('no plan shows a value that nobody may see, on either side, whatever its name', () => {
  const running = (Env: Record<string, string>, hidden: string[]): ActualSite => ({
    ...but(actualOf(site(app('shop', service('web', { Env })))), 'shop-web-1', { hidden }),
  });
  const wanted = (Env: Record<string, string>, hidden: string[] = []): DesiredSite =>
    site(app('shop', service('web', { Env }, { hidden })));
  const fieldsOf = (git: DesiredSite, actual: ActualSite) => {
    const planned = plan(git, actual, emptyMemory(), 0, agentOptions);
    return planned.apps.flatMap(({ operations }) => operations.flatMap(({ fields = [] }) => fields));
  };
  const hidden = (name: string) => [{ field: `environment.${name}`, hidden: true }];
  expect(fieldsOf(wanted({}), running({ URL: 'weasel' }, ['URL']))).toEqual(hidden('URL'));
  expect(fieldsOf(wanted({ URL: 'marten' }), running({ URL: 'weasel' }, ['URL']))).toEqual(hidden('URL'));
  expect(fieldsOf(wanted({ URL: 'weasel' }, ['URL']), running({ URL: 'marten' }, []))).toEqual(hidden('URL'));
  expect(fieldsOf(wanted({ URL: 'weasel', B: '2' }, ['URL']), running({ URL: 'weasel', B: '1' }, ['URL']))).toEqual([
    { field: 'environment.B', from: '1', to: '2' },
  ]);
  const sealed = { URL: 'x{{URL encrypted 0123456789ab}}' };
  expect(fieldsOf(wanted(sealed), running({ URL: 'weasel' }, ['URL']))).toEqual([
    { field: 'environment.URL', unknown: true },
  ]);
});
