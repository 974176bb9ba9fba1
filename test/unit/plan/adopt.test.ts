import { expect, test } from '@jest/globals';
import { emptyMemory } from '../../../src/model/memory.ts';
import type { ActualSite, DesiredApp, DesiredSite } from '../../../src/model/state.ts';
import { agentOptions } from '../../../src/plan/facts/policy.ts';
import { adopting, rememberCompleted } from '../../../src/plan/memory/adopted.ts';
import { updateFromState } from '../../../src/plan/memory/update.ts';
import { plan } from '../../../src/plan/plan.ts';
import { actualOf, app, bare, but, butSpec, file, network, service, site } from '../../support/site/site-builder.ts';
import { planLines } from '../../support/values/plan-lines.ts';

const adopted = {
  adopted: true,
  specHash: '',
  filesDigest: undefined,
  contentDigest: undefined,
  hooksDigest: undefined,
} as const;
const asks = (wanted: DesiredApp): DesiredApp => ({ ...wanted, adopt: true });

/** The site as `docker compose up` left it: no label of ours on anything. */
function composed(git: DesiredSite): ActualSite {
  const actual = actualOf(git);
  return {
    ...actual,
    containers: actual.containers.map((each) => ({ ...each, ...adopted })),
    networks: Object.fromEntries(
      Object.entries(actual.networks).map(([name, found]) => [
        name,
        { ...found, owner: undefined, project: name.split('_')[0] as string },
      ]),
    ),
  };
}

test('a stack that is as Git says is adopted with nothing done, and the plan names what it keeps', () => {
  const git = site(asks(app('shop', service('web', {}, { filesDigest: 'a1' }), service('db'))));
  const made = plan(git, composed(git), emptyMemory(), 0, agentOptions);
  expect(made.apps).toEqual([
    { app: 'shop', revision: 'r1', operations: [], problems: [], adopted: ['shop-db-1', 'shop-web-1'] },
  ]);
});

test('a value that an engine may have filled in by itself is no difference, a value that Git asks for is one', () => {
  const git = site(asks(app('shop', service('web'))));
  const filled = butSpec(composed(git), 'shop-web-1', {
    LogConfig: { Type: 'json-file', Config: { 'max-size': '10m' } },
    Ulimits: [{ Name: 'nofile', Soft: 1024, Hard: 4096 }],
    ShmSize: 128 * 2 ** 20,
    Runtime: 'crun',
  });
  expect(planLines({ git, site: filled })).toEqual([]);
  const log = { LogConfig: { Type: 'local', Config: {} } };
  const asked = site(asks(app('shop', service('web', log))));
  expect(planLines({ git: asked, site: filled }).join('\n')).toContain('logging');
});

test('a container that differs is replaced, and the plan says who made the old one', () => {
  const before = site(asks(app('shop', service('web'))));
  const git = site(asks(app('shop', service('web', { User: 'nobody' }))));
  expect(planLines({ git, site: composed(before) })[0]).toBe(
    '1 create shop-web-1.new: replaces shop-web-1, which docker compose made: user: none, wanted nobody',
  );
});

test('a limit is changed in place, and the container stays', () => {
  const git = site(asks(app('shop', service('web', { Memory: 64 * 2 ** 20 }))));
  const actual = butSpec(composed(git), 'shop-web-1', { Memory: 32 * 2 ** 20, MemorySwap: 64 * 2 ** 20 });
  expect(planLines({ git, site: actual })).toEqual(['1 update shop-web-1: memory: 32m, wanted 64m']);
});

test('a service that Git does not name is pruned; networks that docker compose made stay and are told of', () => {
  const before = site(asks(app('shop', service('web'), service('old'), network('extra'))));
  const git = site(asks(app('shop', service('web'))));
  expect(planLines({ git, site: composed(before) })).toEqual([
    'warning: network shop_extra, which docker compose made and Git does not name, stays',
    '1 stop shop-old-1: old is not in Git',
    '2 remove shop-old-1: old is not in Git (after 1)',
  ]);
});

test('a network of docker compose that differs is an error, and is never made again', () => {
  const before = site(asks(app('shop', service('web'), network('default'))));
  const git = site(asks(app('shop', service('web'), network('default', { Internal: true }))));
  expect(planLines({ git, site: composed(before) })).toEqual([
    'error: network shop_default exists, was made by docker compose and differs (internal: false, wanted true)',
  ]);
});

test('files beside the stack may have any mode of their owner’s, and are never ours to delete', () => {
  const git = site(asks(app('shop', service('web'), file('/apps/shop/a.conf', 'a'))));
  const actual = composed(git);
  const written = { ...actual, files: { '/apps/shop/a.conf': { ...actual.files['/apps/shop/a.conf'], mode: 0o660 } } };
  expect(planLines({ git, site: written as ActualSite })).toEqual([]);
  const other = { ...actual, files: { '/apps/shop/a.conf': { digest: 'other', mode: 0o660 } } };
  expect(planLines({ git, site: other })).toEqual(['1 write /apps/shop/a.conf: differs from Git']);
});

test('without adopt, what docker compose runs in our place is an error that says adopt', () => {
  const git = site(app('shop', service('web')));
  const stranger = { project: 'shop', service: 'web', number: 1, directory: '/srv/shop' };
  const held = {
    ...bare(git),
    foreignNames: { 'shop-web-1': '0123456789abcdef' },
    composed: [{ id: '0123456789abcdef', name: 'shop-web-1', ...stranger }],
  };
  const [problem] = plan(git, held, emptyMemory(), 0, agentOptions).apps[0]?.problems ?? [];
  expect(problem).toMatchObject({
    severity: 'error',
    service: 'web',
    message:
      'the name shop-web-1 is held by container 0123456789ab, which docker compose started from /srv/shop and is not ours',
    hint: expect.stringContaining('adopt: true'),
  });
  // Under a name of its own, as the old docker-compose gave.
  const twin = {
    ...bare(git),
    foreignNames: { shop_web_1: '0123456789abcdef' },
    composed: [{ id: '0123456789abcdef', name: 'shop_web_1', ...stranger }],
  };
  expect(planLines({ git, site: twin })).toContain(
    'error: web: web runs already as container shop_web_1, which docker compose started from /srv/shop and is not ours',
  );
  // A container of another project does not concern this app.
  const other = { ...twin, composed: [{ id: '0123456789abcdef', name: 'shop_web_1', ...stranger, project: 'till' }] };
  expect(planLines({ git, site: other })).toContain('2 create shop-web-1: no such container (after 1)');
});

test('another name for the image that it runs is no difference', () => {
  const git = site(asks(app('shop', service('web'))));
  const longer = butSpec(composed(git), 'shop-web-1', { Image: 'docker.io/library/web:1' });
  expect(planLines({ git, site: longer })).toEqual([]);
  const newer = { ...longer, images: { ...longer.images, 'web:1': { id: 'sha256:newer', config: {} } } };
  expect(planLines({ git, site: newer })[0]).toContain('image: docker.io/library/web:1, wanted web:1');
});

test('an adopted container under an old name is renamed, and nothing else', () => {
  const git = site(asks(app('shop', service('web'))));
  expect(planLines({ git, site: but(composed(git), 'shop-web-1', { name: 'shop_web_1' }) })).toEqual([
    '1 rename shop_web_1 to shop-web-1: is called shop_web_1',
  ]);
});

test('adopted containers of an app that vanished from Git are looked for as long as they are there', () => {
  const git = site(asks(app('shop', service('web'))));
  const actual = composed(git);
  const memory = updateFromState(emptyMemory(), git, actual, 0);
  expect(memory.adopted).toEqual({
    shop: { 'id-of-shop-web-1': { filesDigest: '', contentDigest: '', hooksDigest: '' } },
  });
  const gone = { ...site(app('till', service('desk'))), broken: [] };
  expect(adopting(gone, memory)).toEqual(['shop']);
  expect(planLines({ git: gone, memory, site: { ...actual, images: bare(gone).images } })).toEqual(
    expect.arrayContaining(['1 stop shop-web-1: web is not in Git']),
  );
  expect(updateFromState(memory, gone, { ...actual, containers: [] }, 0).adopted).toEqual({});
  // An app that Git still names, without adopt, does not adopt.
  expect(adopting(site(app('shop', service('web'))), memory)).toEqual([]);
});

test('an adopted job that ran to its end is not run again when somebody removes it', () => {
  const git = site(asks(app('shop', service('job'))));
  const actual = but(composed(git), 'shop-job-1', { status: 'exited', exitCode: 0 });
  expect(planLines({ git, site: actual })).toEqual([]);
  const memory = rememberCompleted(emptyMemory(), git.apps[0] as DesiredApp, actual);
  expect(updateFromState(memory, git, actual, 0).completed).toEqual(memory.completed);
  expect(planLines({ git, memory, site: but(actual, 'shop-job-1', undefined) })).toEqual([]);
});

test('if Git changes its files or configs after it was seen first, it is replaced, as one of ours would be', () => {
  const content = (text: string) => ({
    Files: [{ path: '/c', content: Buffer.from(text), mode: 0o444, uid: 0, gid: 0 }],
  });
  const before = site(asks(app('shop', service('web', content('a'), { filesDigest: 'f1' }))));
  const actual = composed(before);
  const memory = updateFromState(emptyMemory(), before, actual, 0);
  expect(planLines({ git: before, memory, site: actual })).toEqual([]);
  const newContent = site(asks(app('shop', service('web', content('b'), { filesDigest: 'f1' }))));
  expect(planLines({ git: newContent, memory, site: actual })[0]).toContain(
    'the content of a config or secret changed',
  );
  const newFile = site(asks(app('shop', service('web', content('a'), { filesDigest: 'f2' }))));
  expect(planLines({ git: newFile, memory, site: actual })[0]).toContain('a file it binds changed in Git');
  const newHook = site(asks(app('shop', service('web', content('a'), { filesDigest: 'f1', postStart: ['warm'] }))));
  expect(planLines({ git: newHook, memory, site: actual })[0]).toContain('its post_start hooks changed in Git');
});

test('hooks that Git has when an adopted container is seen first, or by a memory of before, are no change', () => {
  const git = site(asks(app('shop', service('web', {}, { postStart: ['warm'] }))));
  const actual = composed(git);
  const memory = updateFromState(emptyMemory(), git, actual, 0);
  expect(planLines({ git, memory, site: actual })).toEqual([]);
  const old = { ...memory, adopted: { shop: { 'id-of-shop-web-1': { filesDigest: '', contentDigest: '' } } } };
  expect(updateFromState(old, git, actual, 0).adopted).toEqual(memory.adopted);
});

test('one that binds a file which differed on the disk is replaced even where the file was written before a crash', () => {
  const binds = { Mounts: [{ Type: 'bind' as const, Source: '/apps/shop/conf', Target: '/conf' }] };
  const git = site(
    asks(app('shop', service('web', binds, { filesDigest: 'f1' }), file('/apps/shop/conf/a.conf', 'new'))),
  );
  const right = composed(git);
  const old = { ...right, files: { '/apps/shop/conf/a.conf': { digest: 'old', mode: 0o644 } } };
  const memory = updateFromState(emptyMemory(), git, old, 0);
  expect(updateFromState(memory, git, right, 0)).toBe(memory);
  expect(planLines({ git, memory, site: right })[0]).toContain('a file it binds changed in Git');
});
