import { describe, expect, test } from '@jest/globals';
import { contentDigest, specHash } from '../../../src/container/labels/hash.ts';
import {
  containerLabels,
  networkLabels,
  readContainerLabels,
  readOwner,
} from '../../../src/container/labels/labels.ts';

const identity = { site: 'eu/shop-17', app: 'till', service: 'web', number: 2 };
const labels = {
  specHash: 'aaaa',
  filesDigest: '',
  contentDigest: 'cccc',
  hooksDigest: 'dddd',
  hidden: [],
  dependsOn: 'db:service_healthy:false',
  workingDir: '/srv/till',
  oneoff: false as const,
};
const written = containerLabels(identity, labels, { Image: 'nginx:1' }, 'sha256:1');

test('an identity comes back as it was written', () => {
  expect(readContainerLabels(written, 'eu/shop-17')).toEqual({
    identity,
    specHash: 'aaaa',
    filesDigest: '',
    contentDigest: 'cccc',
    hooksDigest: 'dddd',
    dependsOn: ['db'],
  });
});

test('the names of variables whose values nobody may see come back, whatever letters they have', () => {
  const hidden = ['DB_PASSWORD', 'a b', 'é%'];
  const read = readContainerLabels(
    containerLabels(identity, { ...labels, hidden }, { Image: 'nginx:1' }),
    'eu/shop-17',
  );
  expect(read).toMatchObject({ hidden });
  const byHand = { ...written, 'dev.holdfast.hidden': '%zz A' };
  expect(readContainerLabels(byHand, 'eu/shop-17')).toMatchObject({ hidden: ['%zz', 'A'] });
});

test('docker compose finds its own labels', () => {
  expect(written).toMatchObject({
    'com.docker.compose.project': 'till',
    'com.docker.compose.service': 'web',
    'com.docker.compose.container-number': '2',
    'com.docker.compose.oneoff': 'False',
    'com.docker.compose.config-hash': 'aaaa',
    'com.docker.compose.depends_on': 'db:service_healthy:false',
    'com.docker.compose.image': 'sha256:1',
    'com.docker.compose.project.working_dir': '/srv/till',
  });
});

test('a container of another site, or of nobody, is not ours', () => {
  expect(readContainerLabels(written, 'eu/shop-18')).toBeUndefined();
  expect(readContainerLabels({}, 'eu/shop-17')).toBeUndefined();
  expect(readContainerLabels(null, 'eu/shop-17')).toBeUndefined();
});

test.each([
  ['dev.holdfast.app', '', 'its label dev.holdfast.app is missing'],
  ['dev.holdfast.service', '', 'its label dev.holdfast.service is missing'],
  ['dev.holdfast.number', '0', 'its label dev.holdfast.number is "0", not a number from 1'],
  ['dev.holdfast.number', 'one', 'its label dev.holdfast.number is "one", not a number from 1'],
])('labels that say it is ours and contradict themselves give a reason: %s = %j', (name, value, why) => {
  expect(readContainerLabels({ ...written, [name]: value }, 'eu/shop-17')).toBe(why);
});

test('the owner of a network comes back as it was written', () => {
  const owner = { site: 's', app: 'a', key: 'front' };
  const of = networkLabels(owner, { Name: 'a_front' });
  expect(of).toMatchObject({ 'com.docker.compose.network': 'front', 'com.docker.compose.project': 'a' });
  expect(readOwner(of)).toEqual({ owner, specHash: specHash({ Name: 'a_front' }) });
  expect(readOwner({ 'com.docker.compose.network': 'front' })).toBeUndefined();
});

test('the hash says what was asked for, without the content of files', () => {
  const file = { path: '/a', content: Buffer.from('x'), mode: 0o444, uid: 0, gid: 0 };
  expect(specHash({ Image: 'a' })).toMatch(/^[0-9a-f]{16}$/);
  expect(specHash({ Image: 'a', Files: [file] })).toBe(specHash({ Image: 'a' }));
  expect(specHash({ Image: 'a' })).not.toBe(specHash({ Image: 'b' }));
  expect(specHash({ Image: 'a', CapAdd: ['X', 'Y'] })).toBe(specHash({ CapAdd: ['Y', 'X'], Image: 'a' }));
  expect(specHash({ Image: 'a', Dns: ['1', '2'] })).not.toBe(specHash({ Image: 'a', Dns: ['2', '1'] }));
});

test('the digest of files says path, mode, owner and content, in any order', () => {
  const a = { path: '/a', content: Buffer.from('x'), mode: 0o444, uid: 0, gid: 0 };
  const b = { ...a, path: '/b' };
  expect(contentDigest(undefined)).toBe('');
  expect(contentDigest([])).toBe('');
  expect(contentDigest([a, b])).toBe(contentDigest([b, a]));
  for (const other of [{ ...a, content: Buffer.from('y') }, { ...a, mode: 0o400 }, { ...a, uid: 1 }, b]) {
    expect(contentDigest([other])).not.toBe(contentDigest([a]));
  }
});

describe('a container that docker compose made', () => {
  const made = {
    'com.docker.compose.project': 'shop',
    'com.docker.compose.service': 'web',
    'com.docker.compose.container-number': '2',
    'com.docker.compose.oneoff': 'False',
    'com.docker.compose.config-hash': 'abc',
  };
  const adopt = new Set(['shop']);

  test('is adopted where its app says so, by its labels alone', () => {
    expect(readContainerLabels(made, 'here')).toBeUndefined();
    expect(readContainerLabels(made, 'here', new Set(['till']))).toBeUndefined();
    expect(readContainerLabels(made, 'here', adopt)).toEqual({
      identity: { site: 'here', app: 'shop', service: 'web', number: 2 },
      adopted: true,
      specHash: '',
      filesDigest: undefined,
      contentDigest: undefined,
      dependsOn: [],
    });
  });

  test('stays what it is when it is a one-off or another site’s', () => {
    expect(readContainerLabels({ ...made, 'com.docker.compose.oneoff': 'True' }, 'here', adopt)).toBeUndefined();
    const { 'com.docker.compose.oneoff': _, ...unsaid } = made;
    expect(readContainerLabels(unsaid, 'here', adopt)).toBeUndefined();
    expect(readContainerLabels({ ...made, 'dev.holdfast.site': 'there' }, 'here', adopt)).toBeUndefined();
  });

  test('is reported where its labels make no sense', () => {
    expect(readContainerLabels({ ...made, 'com.docker.compose.container-number': 'x' }, 'here', adopt)).toBe(
      'its label com.docker.compose.container-number is "x", not a number from 1',
    );
  });
});
