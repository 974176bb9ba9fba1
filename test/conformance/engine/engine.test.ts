import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { EngineApi } from '../../../src/engine/api.ts';
import type { Engine } from '../../../src/engine/engine.ts';
import { openEngine } from '../../../src/engine/open-engine.ts';
import { systemClock } from '../../../src/lib/clock.ts';
import { ENGINES, openApi } from '../../support/engine-under-test.ts';
import { SHARED_NETWORK } from './case.ts';
import { ENGINE_CASES } from './cases.ts';
import { differencesBetween, inspectProject, type Json } from './inspect.ts';
import { makeWithHoldfast, makeWithPeer, unmake } from './make.ts';

const peer = process.env.COMPOSE_PEER ?? '';

for (const name of ['Docker 20.10', 'a newer Docker'] as const) {
  const host = ENGINES[name];
  const cases = ENGINE_CASES.filter(({ newer }) => !newer || name === 'a newer Docker');
  const suite = host && existsSync(peer) ? describe : describe.skip;
  suite(`what is made on ${name}, beside docker-compose`, () => {
    let root = '';
    let api: EngineApi;
    let engine: Engine;

    beforeAll(async () => {
      root = await mkdtemp(join(tmpdir(), 'holdfast-conformance-'));
      api = await openApi(host ?? '');
      engine = openEngine(api, { site: 'conformance', clock: systemClock });
      if (!(await api.listNetworks()).some(({ Name }) => Name === SHARED_NETWORK))
        await api.createNetwork({ Name: SHARED_NETWORK, CheckDuplicate: true });
    });
    afterAll(async () => {
      await api.removeNetwork(SHARED_NETWORK);
      engine.close();
      await rm(root, { recursive: true, force: true });
    });

    test.each(cases)('$name: the same', async (one) => {
      const place = { root, project: `conformance-${Math.random().toString(36).slice(2, 8)}` };
      try {
        await makeWithPeer(peer, host ?? '', one, place);
        const theirs = await inspectProject(api, place.project);
        await unmake(api, place.project);
        await makeWithHoldfast(engine, one, place);
        const ours = await inspectProject(api, place.project);
        expect(Object.keys(theirs.containers)).not.toEqual([]);
        expect(differencesBetween(theirs as unknown as Json, ours as unknown as Json)).toEqual([]);
      } finally {
        await unmake(api, place.project);
      }
    });
  });
}
