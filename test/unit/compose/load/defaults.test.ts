import { expect, test } from '@jest/globals';
import type { ServiceDefaults } from '../../../../src/model/fleet.ts';
import { serviceProblems, specOf } from '../support.ts';

const defaults: ServiceDefaults = {
  memory: '64m',
  pids: 50,
  init: true,
  logging: { driver: 'json-file', options: { 'max-size': '5m', 'max-file': '2' } },
};
const MiB = 1024 * 1024;
const spec = (keys: string) => specOf(keys, { app: { defaults } });

test('a service that says nothing has the defaults of the Fleet', async () => {
  expect(await spec('tty: false')).toMatchObject({
    Memory: 64 * MiB,
    PidsLimit: 50,
    Init: true,
    LogConfig: { Type: 'json-file', Config: { 'max-size': '5m', 'max-file': '2' } },
  });
});

test('its own keys win, and options of the same log driver merge', async () => {
  expect(await spec('mem_limit: 1g\ninit: false\nlogging: {driver: json-file, options: {max-size: 1m}}')).toMatchObject(
    {
      Memory: 1024 * MiB,
      PidsLimit: 50,
      Init: false,
      LogConfig: { Type: 'json-file', Config: { 'max-size': '1m', 'max-file': '2' } },
    },
  );
  expect((await spec('logging: {driver: local}')).LogConfig).toEqual({ Type: 'local', Config: {} });
  expect((await spec('mem_limit: 0')).Memory).toBeUndefined();
});

test('limits in deploy count as limits of the service, and what they leave out comes from the defaults', async () => {
  expect(await spec('deploy: {resources: {limits: {memory: 1g}}}')).toMatchObject({
    Memory: 1024 * MiB,
    PidsLimit: 50,
  });
  expect(await spec('deploy: {resources: {limits: {cpus: "1"}}}')).toMatchObject({ Memory: 64 * MiB, PidsLimit: 50 });
});

test('a service that reserves memory gets no limit below it', async () => {
  expect((await spec('mem_reservation: 1g')).Memory).toBeUndefined();
  expect((await spec('deploy: {resources: {reservations: {memory: 1g}}}')).Memory).toBeUndefined();
});

test('a problem of a service is the same with defaults', async () => {
  expect(await serviceProblems('logging: 3', { app: { defaults } })).toContain('compose.yaml:4:');
});
