import { readFileSync } from 'node:fs';
import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { fieldNames } from '../../../src/container/ignore.ts';
import type { IgnoreRule } from '../../../src/model/fleet.ts';
import type { Operation } from '../../../src/model/plan.ts';
import type { ContainerSpec } from '../../../src/model/spec.ts';
import type { DesiredSite } from '../../../src/model/state.ts';
import { ownedFields } from '../../../src/plan/facts/owned-fields.ts';
import { agentOptions } from '../../../src/plan/facts/policy.ts';
import { plan } from '../../../src/plan/plan.ts';
import { actualOf, app, bare, butSpec, service, settled, site } from '../../support/site/site-builder.ts';
import { planLines } from '../../support/values/plan-lines.ts';

const gitWith = (rules: IgnoreRule[], spec: Partial<ContainerSpec> = {}): DesiredSite => {
  const wanted = { Image: 'web:1', Memory: 2 ** 26, Env: { LEVEL: 'info', MODE: 'a' }, User: 'app', ...spec };
  return site({ ...app('shop', service('web', wanted)), ignoreDifferences: rules });
};
const live = { Memory: 2 ** 27, Env: { LEVEL: 'debug', MODE: 'a', EXTRA: '1' }, User: 'somebody' };
const linesWith = (...rules: IgnoreRule[]): string[] => {
  const git = gitWith(rules);
  return planLines({ git, site: butSpec(actualOf(git), 'shop-web-1', live), memory: settled(git) });
};

test('a change in a field that the site owns is no difference', () => {
  expect(linesWith({ fields: ['memory', 'environment', 'user'] })).toEqual([]);
  expect(linesWith({ fields: ['mem_limit', 'environment'] }, { services: ['w*'], fields: ['user'] })).toEqual([]);
});

test('a change in any other field is a difference', () => {
  expect(linesWith({ fields: ['environment', 'user'] })).toEqual(['1 update shop-web-1: memory: 128m, wanted 64m']);
  expect(linesWith({ fields: ['memory', 'user', 'environment.LEVEL'] })[0]).toContain(
    'environment: EXTRA is not wanted (drift)',
  );
  expect(linesWith({ services: ['db', 'we'], fields: ['memory', 'environment', 'user'] })).not.toEqual([]);
});

test('a container that is made again for another reason keeps it, and is then as it should be', () => {
  const rules = [{ fields: ['memory', 'environment.LEVEL', 'user'] }];
  const [git, next] = [gitWith(rules), gitWith(rules, { Image: 'web:2', Env: { LEVEL: 'info', MODE: 'b' } })];
  const images = { ...actualOf(git).images, ...bare(next).images };
  const actual = { ...butSpec(actualOf(git), 'shop-web-1', { ...live, Env: { LEVEL: 'debug', MODE: 'a' } }), images };
  const made = plan(next, actual, settled(git), 0, agentOptions).apps[0]?.operations ?? [];
  const created = made.find((each): each is Operation & { kind: 'createContainer' } => each.kind === 'createContainer');
  expect(created?.reason).toBe('replaces shop-web-1: image: web:1, wanted web:2; environment: MODE differs');
  expect(created?.spec).toMatchObject({
    Image: 'web:2',
    Memory: 2 ** 27,
    User: 'somebody',
    Env: { LEVEL: 'debug', MODE: 'b' },
  });
  const { Image, Memory, User, Env } = (created as { spec: ContainerSpec }).spec;
  const after = butSpec(actualOf(next), 'shop-web-1', { Image, Memory: Memory ?? 0, User: User ?? '', Env: Env ?? {} });
  expect(planLines({ git: next, site: after, memory: settled(next) })).toEqual([]);
});

test('a value that comes from the image is left to the image', () => {
  const git = gitWith([{ fields: ['environment', 'user'] }], { User: undefined as never, Env: {} });
  const actual = butSpec(actualOf(git), 'shop-web-1', { User: 'root', Env: { PATH: '/bin', OWN: '1' } });
  const config = { User: 'root', Env: { PATH: '/bin' } };
  for (const image of Object.values(actual.images)) image.config = config;
  const found = actual.containers[0];
  if (found) found.spec.Image = 'web:0';
  const created = plan(git, actual, settled(git), 0, agentOptions).apps[0]?.operations[0];
  expect(created).toMatchObject({ kind: 'createContainer', spec: { Env: { OWN: '1' } } });
  expect((created as { spec: ContainerSpec }).spec.User).toBeUndefined();
});

test('the schema knows every field', () => {
  const schema = JSON.parse(readFileSync(new URL('../../../schemas/application.schema.json', import.meta.url), 'utf8'));
  const { anyOf } = schema.properties.spec.properties.ignoreDifferences.items.properties.fields.items;
  expect(anyOf.flatMap((each: { enum?: string[] }) => each.enum ?? []).sort()).toEqual(fieldNames().sort());
});

const owns = (glob: string, name: string): boolean =>
  ownedFields({ ...app('shop'), ignoreDifferences: [{ services: [glob], fields: ['memory'] }] }, name).length > 0;

test('a pattern means what it says: a star is any number of characters', () => {
  const text = fc.string({ unit: fc.constantFrom('a', 'b', '-'), maxLength: 12 });
  const glob = fc.string({ unit: fc.constantFrom('a', 'b', '*'), maxLength: 6 });
  fc.assert(
    fc.property(glob, text, (pattern, name) => {
      expect(owns(pattern, name)).toBe(new RegExp(`^${pattern.replaceAll('*', '.*')}$`).test(name));
    }),
  );
});

test('a pattern of many stars is no more work than a short one', () => {
  expect(owns(`${'*a'.repeat(5000)}*b`, 'a'.repeat(100_000))).toBe(false);
  expect(owns(`${'*a'.repeat(5000)}*`, 'a'.repeat(100_000))).toBe(true);
});
