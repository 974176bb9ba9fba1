import { expect, test } from '@jest/globals';
import { placeAdopted } from '../../../src/agent/follow/adopted-directory.ts';
import type { AcceptedApp } from '../../../src/agent/state/accepted.ts';
import type { PlacedApp } from '../../../src/model/fleet.ts';
import { placedApp } from '../compose/support.ts';

const before = (changes: Partial<PlacedApp>): Record<string, AcceptedApp> => ({
  app: { placed: placedApp(changes), revision: 'r0', recorded: { files: {}, lists: {}, missing: [] } },
});
const never = async (): Promise<never> => {
  throw new Error('nobody was to ask');
};

test('the folder of a stack is looked up when it is adopted first, and remembered from then on', async () => {
  const first = await placeAdopted([placedApp({ adopt: true })], {}, async () => ({ app: ['/srv/app'] }));
  expect(first.apps[0]?.adoptedDirectory).toBe('/srv/app');
  const later = await placeAdopted([placedApp({ adopt: true })], before(first.apps[0] as PlacedApp), never);
  expect(later.apps[0]?.adoptedDirectory).toBe('/srv/app');
});

test('nobody asks the engine for apps that adopt nothing or say where they lie', async () => {
  const apps = [placedApp(), placedApp({ name: 'b', adopt: true, projectDirectory: '/srv/b' })];
  expect(await placeAdopted(apps, {}, never)).toEqual({ apps, broken: [], stacks: {} });
});

test('several folders are left to the compiler to refuse, and none is remembered', async () => {
  const stacks = { app: ['/a', '/b'] };
  const placed = await placeAdopted([placedApp({ adopt: true })], {}, async () => stacks);
  expect(placed).toEqual({ apps: [placedApp({ adopt: true })], broken: [], stacks });
});

test('an app that drops adopt and says no folder would lose its data: it is broken, and told what to write', async () => {
  const placed = await placeAdopted([placedApp()], before({ adopt: true, adoptedDirectory: '/srv/app' }), never);
  expect(placed.apps).toEqual([]);
  expect(placed.broken).toMatchObject([
    { name: 'app', adopt: true, problems: [{ hint: 'write projectDirectory: /srv/app in the Application' }] },
  ]);
  const told = placedApp({ projectDirectory: '/srv/app' });
  const kept = await placeAdopted([told], before({ adopt: true, adoptedDirectory: '/srv/app' }), never);
  expect(kept).toEqual({ apps: [told], broken: [], stacks: {} });
});
