import { expect, test } from '@jest/globals';
import {
  actualOf,
  app,
  bare,
  but,
  network,
  service,
  settled,
  site,
  volume,
} from '../../../support/site/site-builder.ts';
import { planLines } from '../../../support/values/plan-lines.ts';

test('an empty site gets networks, volumes and images before the containers, and these in the order of depends_on', () => {
  const data = { Type: 'volume' as const, Source: 'shop_data', Target: '/data' };
  const git = site(
    app(
      'shop',
      volume('data'),
      service('db', { Mounts: [data] }),
      service('web', { Image: 'web:2' }, { dependsOn: ['db'], replicas: 2 }),
    ),
  );
  expect(planLines({ git, site: { ...bare(git), images: {} } })).toEqual([
    '1 create network shop_default: no such network',
    '2 create volume shop_data: no such volume',
    '3 pull db:1: not on the disk',
    '4 create shop-db-1: no such container (after 1, 2, 3)',
    '5 start shop-db-1: new (after 4)',
    '6 pull web:2: not on the disk',
    '7 create shop-web-1: no such container (after 1, 5, 6)',
    '8 start shop-web-1: new (after 7)',
    '9 create shop-web-2: no such container (after 1, 5, 6)',
    '10 start shop-web-2: new (after 9)',
  ]);
});

test('a site that is as Git says gets nothing to do', () => {
  const git = site(app('shop', volume('data'), service('db'), service('web', {}, { replicas: 3 })));
  expect(planLines({ git, site: actualOf(git) })).toEqual([]);
});

test('an engine that takes one network at create connects the others before the start', () => {
  const Networks = { shop_back: {}, shop_front: { Aliases: ['web'], Priority: 5 } };
  const git = site(app('shop', network('back'), network('front'), service('web', { Networks })));
  expect(planLines({ git, site: bare(git) })).toEqual([
    '1 create network shop_back: no such network',
    '2 create network shop_front: no such network',
    '3 create shop-web-1: no such container (after 1, 2)',
    '4 connect shop-web-1 to shop_back: this engine takes one network at create (after 3)',
    '5 start shop-web-1: new (after 3, 4)',
  ]);
  expect(planLines({ git, site: bare(git, { networksAtCreate: true }) })).toEqual([
    '1 create network shop_back: no such network',
    '2 create network shop_front: no such network',
    '3 create shop-web-1: no such container (after 1, 2)',
    '4 start shop-web-1: new (after 3)',
  ]);
});

test('configs and secrets are put in between create and start', () => {
  const Files = [{ path: '/key', content: Buffer.from('secret'), mode: 0o400, uid: 0, gid: 0 }];
  const git = site(app('shop', service('web', { Files })));
  const memory = settled(git);
  expect(planLines({ git, site: bare(git) })).toEqual([
    '1 create network shop_default: no such network',
    '2 create shop-web-1: no such container (after 1)',
    '3 copy files into shop-web-1: its config or secret, before it starts (after 2)',
    '4 start shop-web-1: new (after 2, 3)',
  ]);
  expect(planLines({ git, memory, site: but(actualOf(git), 'shop-web-1', { status: 'exited', exitCode: 1 }) })).toEqual(
    [
      '1 copy files into shop-web-1: its config or secret, before it starts',
      '2 start shop-web-1: exited with 1 (drift) (after 1)',
    ],
  );
});

test('an interrupted first create goes on where it stood', () => {
  const git = site(app('shop', service('web')));
  const created = but(actualOf(git), 'shop-web-1', { status: 'created', startedAt: '' });
  expect(planLines({ git, site: created })).toEqual(['1 start shop-web-1: created but never started']);
});

test('one app does not wait for another', () => {
  const git = site(app('b', service('web')), app('a', service('web')));
  expect(planLines({ git, site: bare(git) })).toEqual([
    '1 create network a_default: no such network',
    '2 create a-web-1: no such container (after 1)',
    '3 start a-web-1: new (after 2)',
    '',
    '1 create network b_default: no such network',
    '2 create b-web-1: no such container (after 1)',
    '3 start b-web-1: new (after 2)',
  ]);
});
