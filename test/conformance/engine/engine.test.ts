import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { EngineApi } from '../../../src/engine/api.ts';
import type { Engine } from '../../../src/engine/engine.ts';
import { openEngine } from '../../../src/engine/open-engine.ts';
import { systemClock } from '../../../src/lib/clock.ts';
import { ENGINES, openApi } from '../../support/engine/engine-under-test.ts';
import { conformanceTable, type Row } from '../table.ts';
import { changesOnAdoption } from './adopt.ts';
import { SHARED_NETWORK } from './case.ts';
import { ENGINE_CASES } from './cases.ts';
import { differencesBetween, inspectProject, type Json } from './inspect.ts';
import { makeWithHoldfast, makeWithPeer, unmake } from './make.ts';

const peer = process.env.COMPOSE_PEER ?? '';

for (const name of ['Docker 20.10', 'a newer Docker'] as const) {
  const host = ENGINES[name];
  const cases = ENGINE_CASES.filter(({ newer }) => !newer || name === 'a newer Docker');
  const suite = host && existsSync(peer) ? describe : describe.skip;
  suite(`containers, networks and volumes on ${name}, beside those of docker-compose`, () => {
    const rows: Row[] = [];
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
      process.stdout.write(`\n${conformanceTable(`Made on ${name}`, rows)}`);
      await api.removeNetwork(SHARED_NETWORK);
      engine.close();
      await rm(root, { recursive: true, force: true });
    });

    test('there are at least 80 cases', () => expect(cases.length).toBeGreaterThanOrEqual(80));

    test.each(cases)('$name: the same', async (one) => {
      const row: Row = { name: one.name, outcome: 'different' };
      rows.push(row);
      const place = { root, project: `conformance-${Math.random().toString(36).slice(2, 8)}` };
      try {
        await makeWithPeer(peer, host ?? '', one, place);
        const theirs = await inspectProject(api, place.project);
        // Adopted, it is left as it is.
        row.why = (await changesOnAdoption(engine, one, place)).map((change) => `adopted: ${change}`).join('; ');
        expect(row.why).toBe('');
        await unmake(api, place.project);
        await makeWithHoldfast(engine, one, place);
        const ours = await inspectProject(api, place.project);
        expect(Object.keys(theirs.containers)).not.toEqual([]);
        const differences = differencesBetween(theirs as unknown as Json, ours as unknown as Json);
        row.why = differences.join('; ');
        expect(differences).toEqual([]);
        row.outcome = 'same';
      } finally {
        await unmake(api, place.project);
      }
    });
  });
}
