import { expect, test } from '@jest/globals';
import { compileApp } from '../../../src/compose/compile-app.ts';
import type { CompileOptions } from '../../../src/compose/load/values/values.ts';
import type { PlacedApp } from '../../../src/model/fleet.ts';
import { memorySnapshot, placedApp } from './support.ts';

const snapshot = memorySnapshot({ 'compose.yaml': 'services: {web: {image: x, volumes: ["./data:/data"]}}\n' });
const compile = (app: Partial<PlacedApp>, options: Partial<CompileOptions> = {}) =>
  compileApp(placedApp(app), 'site', snapshot, { filesDir: '/files', stacks: { app: ['/srv/app'] }, ...options });

test('relative paths of an adopted stack lie where it was started from', async () => {
  const desired = await compile({ adopt: true });
  expect(desired).toMatchObject({ adopt: true, directory: '/srv/app' });
  expect(desired.services[0]?.containers[0]?.spec.Mounts).toMatchObject([{ Source: '/srv/app/data' }]);
  expect((await compile({}, { adopt: true })).directory).toBe('/srv/app');
});

test('the Application’s folder comes first, then the remembered one, then that of the containers, then the agent’s own', async () => {
  const remembered = { adopt: true, adoptedDirectory: '/old' };
  expect((await compile({ ...remembered, projectDirectory: '/own' })).directory).toBe('/own');
  expect((await compile(remembered)).directory).toBe('/old');
  expect((await compile({ adopt: true }, { stacks: {} })).directory).toBe('/files/app');
  const plain = await compile({});
  expect([plain.directory, plain.adopt]).toEqual(['/files/app', undefined]);
});

test('a stack started from several folders is refused until the Application says which counts', async () => {
  await expect(compile({ adopt: true }, { stacks: { app: ['/a', '/b'] } })).rejects.toThrow(
    'the containers of the Compose project app were started from several folders: /a, /b (name the right one with projectDirectory in the Application)',
  );
});
