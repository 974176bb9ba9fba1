import { describe, expect, test } from '@jest/globals';
import { differences } from '../../../src/container/compare.ts';
import type { ImageConfig } from '../../../src/model/state.ts';
import { NEW_DOCKER, texts } from '../../support/values/comparing.ts';

const image: ImageConfig = {
  Env: { PATH: '/bin', LANG: 'C' },
  Labels: { built: 'ci' },
  Cmd: ['serve'],
  Entrypoint: ['/entry'],
  User: 'app',
  WorkingDir: '/srv',
  StopSignal: 'SIGQUIT',
  Healthcheck: { Test: ['CMD', 'probe'], Interval: 5e9 },
  ExposedPorts: ['80/tcp'],
  Volumes: ['/data'],
};
const anonymous = 'f'.repeat(64);
const made = {
  NetworkMode: 'bridge',
  Env: { PATH: '/bin', LANG: 'C' },
  Labels: { built: 'ci' },
  Cmd: ['serve'],
  Entrypoint: ['/entry'],
  User: 'app',
  WorkingDir: '/srv',
  StopSignal: 'SIGQUIT',
  Healthcheck: { Test: ['CMD', 'probe'], Interval: 5e9 },
  ExposedPorts: ['80/tcp'],
};

describe('values of the image', () => {
  test('is no difference', () => {
    expect(texts({}, made, image)).toEqual([]);
    expect(texts({}, { ...made, Mounts: [{ Type: 'volume', Source: anonymous, Target: '/data' }] }, image)).toEqual([]);
  });
  test('and has not is one, part by part', () => {
    const { User: _, ...without } = made;
    expect(texts({}, { ...without, Env: { PATH: '/bin' }, Labels: {} }, image)).toEqual([
      'user: none, wanted app',
      'environment: LANG is missing',
      'labels: built is missing',
    ]);
  });
  test('is laid under what was asked for, key by key', () => {
    expect(
      texts({ Env: { LANG: 'de', X: '1' } }, { ...made, Env: { PATH: '/bin', LANG: 'de', X: '1' } }, image),
    ).toEqual([]);
    expect(
      texts(
        { Healthcheck: { Interval: 9e9 } },
        { ...made, Healthcheck: { Test: ['CMD', 'probe'], Interval: 9e9 } },
        image,
      ),
    ).toEqual([]);
  });
  test('null takes a variable of the image away', () => {
    expect(texts({ Env: { LANG: null } }, { ...made, Env: { PATH: '/bin', LANG: null } }, image)).toEqual([]);
    expect(texts({ Env: { LANG: null } }, made, image)).toEqual(['environment: LANG is not wanted']);
  });
  test('as its command is cleared by an entrypoint of one’s own', () => {
    const { Cmd: _, ...without } = made;
    expect(texts({ Entrypoint: ['/mine'] }, { ...without, Entrypoint: ['/mine'] }, image)).toEqual([]);
    expect(texts({ Entrypoint: ['/mine'] }, { ...made, Entrypoint: ['/mine'] }, image)).toEqual(['command differs']);
  });
  test('as its command stays where an empty one is asked for, since that is what engines make of it', () => {
    expect(texts({ Cmd: [] }, made, image)).toEqual([]);
  });
  test('as its entrypoint is cleared by an empty one', () => {
    const { Entrypoint: _, ...without } = made;
    expect(texts({ Entrypoint: [] }, without, image)).toEqual([]);
  });
});

test('when the image is gone, what it may have brought is not held against the container', () => {
  const compared = (desired: object, observed: object): string[] =>
    differences({ Image: 'app', ...desired }, { Image: 'app', ...observed }, undefined, NEW_DOCKER).map(
      ({ text }) => text,
    );
  const desired = { NetworkMode: 'bridge', Env: { A: '1' }, Labels: { mine: 'yes' } };
  const observed = {
    ...made,
    Env: { PATH: '/bin', A: '1' },
    Labels: { built: 'ci', mine: 'yes' },
    Mounts: [{ Type: 'volume' as const, Source: anonymous, Target: '/data' }],
  };
  expect(compared(desired, observed)).toEqual([]);
  expect(compared({ ...desired, User: 'root' }, { ...observed, Env: { PATH: '/bin', A: '2' } })).toEqual([
    'user: app, wanted root',
    'environment: A differs; PATH is not wanted',
  ]);
});
