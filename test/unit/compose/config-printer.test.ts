import { describe, expect, test } from '@jest/globals';
import { cpus, duration, unlessEmpty } from '../../../src/compose/config/printer.ts';
import { composeConfig } from '../../../src/compose/config/project.ts';
import { memorySnapshot, placedApp, problemsOf, serviceText } from './support.ts';

describe('a duration is written as Go does', () => {
  test.each([
    [0, '0s'],
    [1, '1ns'],
    [1500, '1.5µs'],
    [1_500_000, '1.5ms'],
    [1_000_000_000, '1s'],
    [90_700_000_000, '1m30.7s'],
    [3_600_000_000_000, '1h0m0s'],
    [90_061_000_000_001, '25h1m1.000000001s'],
  ])('%d ns is %s', (nanoseconds, text) => expect(duration(nanoseconds)).toBe(text));
});

test('CPUs have as many digits as single precision holds', () => {
  expect([0.1, 0.333333333, 1.25, 0.123456789].map(cpus)).toEqual([0.1, 0.33333334, 1.25, 0.12345679]);
  expect(cpus(0)).toBeUndefined();
});

test('empty values are left out, and false values only where they have no meaning', () => {
  expect([null, '', 0, false, [], {}].map(unlessEmpty)).toEqual(Array(6).fill(undefined));
  expect(unlessEmpty([0])).toEqual([0]);
});

const print = async (keys: string, more = '', files: Record<string, string> = {}) =>
  composeConfig(
    placedApp({ projectDirectory: '/home/me/app' }),
    'shop',
    memorySnapshot({ 'compose.yaml': serviceText(keys) + more, ...files }),
    { filesDir: '/files' },
  );

test('relative paths are those of the folder, and every dollar is written twice', async () => {
  const { name, json } = await print('volumes: ["./data:/data"]\ncommand: ["echo", "$$HOME"]');
  expect(name).toBe('app');
  expect(JSON.parse(json).services.s).toMatchObject({
    command: ['echo', '$$HOME'],
    volumes: [{ type: 'bind', source: '/home/me/app/data', target: '/data' }],
  });
});

test('a secret is printed by where it comes from, an inline config with what is in it', async () => {
  const more = 'configs: {c: {content: "a=$$b"}}\nsecrets: {k: {file: ./k.txt}}\n';
  const { json } = await print('configs: [c]\nsecrets: [k]', more, { 'k.txt': 'hunter2' });
  expect(JSON.parse(json)).toMatchObject({
    configs: { c: { name: 'app_c', content: 'a=$$b' } },
    secrets: { k: { name: 'app_k', file: '/home/me/app/k.txt' } },
  });
  expect(json).not.toContain('hunter2');
});

test('services that a site would not run are not printed', async () => {
  expect(await problemsOf(print('provider: {type: x}'))).toMatch(/^compose.yaml:4:5: provider is not supported/);
});

test('an extension of the top level is printed, with a variable that has no value as it is written', async () => {
  const { json } = await print('user: a', 'x-note: {a: 0440, b: "$NONE"}\n');
  expect(JSON.parse(json)['x-note']).toEqual({ a: 288, b: '$$NONE' });
});
