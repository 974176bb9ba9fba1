import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { DesiredApp } from '../../../src/model/state.ts';
import { type OwnRules, type Policy, violationsOf } from '../../../src/policy/policy.ts';
import { PROFILES } from '../../../src/policy/profiles.ts';
import { type Entries, RULE_NAMES, RULES, type RuleName } from '../../../src/policy/rules.ts';
import { app, network, service, volume } from '../../support/site/site-builder.ts';
import { containerSpec } from '../../support/values/arbitraries.ts';

const PLACES = {
  filesDir: '/apps',
  secretsDir: '/run/holdfast/secrets',
  own: ['/etc/holdfast'],
  sockets: ['/run/docker.sock'],
};

/** Entries that meet what the apps below ask for, now and then. */
const ENTRIES = [
  '*',
  '/',
  '/etc',
  '/etc:ro',
  '/opt',
  '/usr:rw',
  '/dev/null',
  '/dev',
  'docker.io/library/*',
  'docker.io/library/web',
  '1024-9000',
  '80/udp',
  '127.0.0.1:0-65535',
  'NET_ADMIN',
  'CHOWN',
  'ALL',
  'host',
  'network',
  'pid',
  'no-new-privileges',
  'bridge',
  'local',
  'local:*',
  '10.0.0.0/8',
  '10.1.0.0/16',
  'runc',
  'json-file',
  'user',
  'shared',
];

const entries = (rule: RuleName): fc.Arbitrary<Entries> =>
  RULES[rule].matcher ? fc.subarray(ENTRIES, { maxLength: 6 }) : fc.boolean();
const rules = fc.record(
  Object.fromEntries(RULE_NAMES.map((rule) => [rule, entries(rule)])) as Record<RuleName, fc.Arbitrary<Entries>>,
  { requiredKeys: [] },
);
const own: fc.Arbitrary<OwnRules> = fc.record({
  allow: rules,
  deny: rules,
  limits: fc.record({ memory: fc.nat(2 ** 30), cpus: fc.integer({ min: 1, max: 8 }) }, { requiredKeys: [] }),
});
const policy: fc.Arbitrary<Policy> = fc.record({
  profile: fc.constantFrom('strict' as const, 'standard' as const, 'lab' as const),
  onViolation: fc.constantFrom('keep' as const, 'stop' as const),
  allow: rules,
  deny: rules,
  limits: fc.constant({}),
  apps: fc.oneof(
    fc.constant({}),
    own.map((shop) => ({ shop })),
  ),
  digest: fc.constant(''),
});

const desired: fc.Arbitrary<DesiredApp> = fc
  .tuple(
    containerSpec({ image: 'web:1', networks: ['shop_front', 'pos_default'], volumes: 'shop_' }),
    fc.constantFrom<Record<string, string>>({}, { o: 'bind', device: '/etc' }, { o: 'rbind,ro', device: '/' }),
    fc.constantFrom('10.1.2.0/24', '140.82.112.0/20', 'fd00::/64'),
  )
  .map(([spec, DriverOpts, Subnet]) =>
    app(
      'shop',
      service('web', spec),
      volume('data', { DriverOpts }),
      network('front', { Driver: 'bridge', IPAM: { Config: [{ Subnet }] } }),
    ),
  );

const refused = (given: Policy, asking: DesiredApp): Set<string> =>
  new Set(violationsOf(given, asking, PLACES).map((each) => JSON.stringify(each)));
const isWithin = (some: Set<string>, all: Set<string>): boolean => [...some].every((each) => all.has(each));

test('adding a deny never allows more', () => {
  fc.assert(
    fc.property(
      policy,
      desired,
      fc.constantFrom(...RULE_NAMES),
      fc.constantFrom(...ENTRIES),
      (before, asking, rule, entry) => {
        const old = before.deny[rule];
        const now: Entries = RULES[rule].matcher ? [...(Array.isArray(old) ? old : []), entry] : true;
        const after = { ...before, deny: { ...before.deny, [rule]: now } };
        expect(isWithin(refused(before, asking), refused(after, asking))).toBe(true);
      },
    ),
  );
});

test('adding an allow never refuses more', () => {
  fc.assert(
    fc.property(
      policy,
      desired,
      fc.constantFrom(...RULE_NAMES),
      fc.constantFrom(...ENTRIES),
      (before, asking, rule, entry) => {
        const old = before.allow[rule] ?? PROFILES[before.profile][rule];
        const now: Entries = typeof old === 'boolean' ? true : [...old, entry];
        const after = { ...before, allow: { ...before.allow, [rule]: now } };
        expect(isWithin(refused(after, asking), refused(before, asking))).toBe(true);
      },
    ),
  );
});

test('strict allows nothing that standard refuses, and standard nothing that lab refuses', () => {
  fc.assert(
    fc.property(policy, desired, (given, asking) => {
      const [strict, standard, lab] = (['strict', 'standard', 'lab'] as const).map((profile) =>
        refused({ ...given, profile }, asking),
      ) as [Set<string>, Set<string>, Set<string>];
      expect(isWithin(standard, strict)).toBe(true);
      expect(isWithin(lab, standard)).toBe(true);
    }),
  );
});

test('lab without own rules refuses nothing', () => {
  const lab: Policy = { profile: 'lab', onViolation: 'keep', allow: {}, deny: {}, limits: {}, apps: {}, digest: '' };
  fc.assert(fc.property(desired, (asking) => expect(violationsOf(lab, asking, PLACES)).toEqual([])));
});

test('every text can be an entry, and gives an answer', () => {
  const given = fc.record({ entry: fc.string(), rule: fc.constantFrom(...RULE_NAMES) });
  fc.assert(
    fc.property(desired, fc.array(given), (asking, all) => {
      const deny = Object.fromEntries(all.map(({ rule, entry }) => [rule, RULES[rule].matcher ? [entry] : true]));
      const one: Policy = { profile: 'lab', onViolation: 'keep', allow: {}, deny, limits: {}, apps: {}, digest: '' };
      violationsOf(one, asking, PLACES);
    }),
  );
});
