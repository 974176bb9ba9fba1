import { expect, test } from '@jest/globals';
import type { AskedFile } from '../../../src/apply/host-files.ts';
import { observeSite } from '../../../src/apply/observe-site.ts';
import type { Engine, Need } from '../../../src/engine/engine.ts';
import { emptyMemory } from '../../../src/model/memory.ts';
import { app, bare, file, service, site } from '../../support/site/site-builder.ts';

const clock = { wall: () => new Date('2026-06-01T00:00:00Z') };

test('an observation asks for each image once, and for the files that Git has now or had before', async () => {
  const desired = site(
    app('shop', service('web', { Image: 'app:1' }, { replicas: 2 }), service('db'), file('/srv/a.conf', 'hello')),
  );
  const needs: Need[] = [];
  let asked: readonly AskedFile[] = [];
  const observe: Engine['observe'] = async (need) => {
    needs.push(need);
    return bare(desired);
  };
  const memory = { ...emptyMemory(), files: { shop: { '/srv/a.conf': 'x', '/srv/old.conf': 'y' } } };
  const found = { '/srv/a.conf': { digest: 'x', mode: 0o644 } };
  const files = {
    observe: async (paths: readonly AskedFile[]) => {
      asked = paths;
      return found;
    },
  };
  const actual = await observeSite(desired, memory, { engine: { observe } as Engine, files }, clock);
  expect(needs).toEqual([{ images: ['app:1', 'db:1'], adopt: [] }]);
  // The size of a file that Git has dropped is not known any more.
  expect(asked).toEqual([{ path: desired.apps[0]?.files[0]?.path, size: 5 }, { path: '/srv/old.conf' }]);
  expect(actual).toMatchObject({ files: found, at: '2026-06-01T00:00:00.000Z' });
});
