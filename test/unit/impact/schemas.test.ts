import { describe, expect, test } from '@jest/globals';
import { createAjv } from '../../../src/fleet/schema/validator.ts';
import { impactJson } from '../../../src/impact/print/json.ts';
import type { Cause, Withheld } from '../../../src/model/plan.ts';
import { agentOptions } from '../../../src/plan/facts/policy.ts';
import { plan } from '../../../src/plan/plan.ts';
import { renderJson } from '../../../src/plan/print/render.ts';
import {
  actualOf,
  app,
  automated,
  bare,
  file,
  service,
  settled,
  site,
  volume,
} from '../../support/site/site-builder.ts';
import { closed, readSchema, type Schema } from '../../support/values/closed-schema.ts';
import { compare, document, type Files, fleet } from './support.ts';

const [diff, fleetDiff] = [readSchema('diff'), readSchema('fleet-diff')];

function expectValid(schema: Schema, text: string): void {
  const validate = createAjv().compile(closed(schema));
  expect([validate(JSON.parse(text)), validate.errors]).toEqual([true, null]);
}

const compose = (image: string, more = ''): string =>
  `services: { web: { image: "${image}"${more}, volumes: ["data:/data"] } }\nvolumes: { data: {} }\n`;

describe('the output of diff is as its schema says', () => {
  const old = site(app('shop', service('web'), service('db'), file('/apps/shop/a', 'x')));
  const next = site(
    {
      ...app(
        'shop',
        service('web', { Image: 'web:2', Env: { API_TOKEN: 'x' } }),
        service('migrate', {}, { hook: 'PreSync' }),
        service('warm', {}, { hook: 'PostSync' }),
        volume('data'),
      ),
      sync: automated({ prune: false }),
    },
    app('till', service('pos', {}, { dependsOn: { web: { required: false } } })),
  );
  test.each([
    ['where nothing is there', bare(next)],
    ['where the old one runs', { ...actualOf(old), images: bare(next).images }],
    ['where nothing is to do', actualOf(next)],
    ['where a name is taken', { ...bare(next), foreignNames: { 'shop-web-1': 'x' } }],
  ])('%s', (_, actual) => {
    expectValid(diff, renderJson(plan(next, actual, settled(old), 0, agentOptions)));
  });
});

const STEPS = {
  syncPolicy: { automated: { prune: true } },
  rollout: {
    steps: [
      { selector: { matchLabels: { ring: 'canary' } }, after: 'promotion' },
      { percent: 100, after: '1h' },
    ],
  },
};

describe('the output of diff --fleet is as its schema says', () => {
  const from = fleet(compose('web:1'));
  const site = (spec: object): Files => ({ 'sites/b.yaml': document('Site', spec) });
  const { 'sites/c.yaml': _, ...without } = from;
  test.each<[string, Files, Files]>([
    ['for a changed image and a secret', from, fleet(compose('web:2', ', environment: { API_TOKEN: x }'))],
    [
      'for sites that come and go',
      { ...from, 'sites/d.yaml': document('Site') },
      { ...from, 'sites/e.yaml': document('Site') },
    ],
    ['for a site that goes', from, without],
    ['for a document that is broken', from, { ...from, ...site({ nothing: 1 }) }],
    ['for an app that is refused', from, fleet('services: { web: { imagee: x } }')],
    ['for an app that was refused', fleet('services: { web: { imagee: x } }'), from],
    ['for a pin that the clone lacks', from, { ...from, ...site({ targetRevision: 'v1' }) }],
    [
      'for a prune that is withheld',
      from,
      { ...fleet('services: { db: { image: db } }'), 'fleet.yaml': document('Fleet') },
    ],
    [
      'for a rollout in steps',
      { ...from, 'fleet.yaml': document('Fleet', STEPS) },
      { ...fleet(compose('web:2')), 'fleet.yaml': document('Fleet', STEPS) },
    ],
    ['for no change', from, from],
  ])('%s', async (_, before, after) => {
    const report = { from: 'HEAD', to: 'worktree', ...(await compare(before, after)) };
    expectValid(fleetDiff, impactJson(report));
  });
});

test('the output of diff --fleet with facts is as its schema says', async () => {
  const from = { ...fleet(compose('web:1')), 'fleet.yaml': document('Fleet', { oldestAgent: '0.2.0' }) };
  const asking = document('Application', { requires: { devices: [{ path: '/dev/ttyS0' }] } });
  const parking = { reason: 'needs /dev/ttyS0', stops: true };
  const known = async () => ({ facts: {}, look: async () => ({ parking, unseen: [] }) });
  const compared = await compare(from, { ...from, 'apps/pos/app.yaml': asking }, undefined, undefined, { known });
  expectValid(fleetDiff, impactJson({ from: 'HEAD', to: 'worktree', ...compared }));
});

test('both schemas describe each key, and call the same things by the same words', () => {
  const bare = (schema: Schema): string[] => [
    ...(schema.description || schema.type !== 'object' || !schema.properties ? [] : [JSON.stringify(schema)]),
    ...Object.values({ ...schema.properties, ...schema.definitions }).flatMap((each) => [
      ...(each.description || each.$ref ? [] : [JSON.stringify(each)]),
      ...bare(each),
    ]),
    ...(schema.items ? bare(schema.items) : []),
  ];
  expect([...bare(diff), ...bare(fleetDiff)]).toEqual([]);
  for (const name of ['problem', 'withheld', 'field', 'change'])
    expect(diff.definitions?.[name]).toEqual(fleetDiff.definitions?.[name]);
  // A new reason to withhold a change does not compile here until it has a row.
  const reasons: Record<Withheld['by'], true> = {
    automated: true,
    prune: true,
    selfHeal: true,
    allowEmpty: true,
    pruneThreshold: true,
    suspend: true,
    policy: true,
    syncWindow: true,
    backoff: true,
    updateConfig: true,
    conflict: true,
    parked: true,
    handOver: true,
    dependsOn: true,
    syncHook: true,
  };
  const causes: Record<Cause, true> = {
    revision: true,
    drift: true,
    prune: true,
    down: true,
    dependency: true,
    requirement: true,
  };
  expect(new Set(diff.definitions?.change?.properties?.cause?.enum as string[])).toEqual(new Set(Object.keys(causes)));
  const { properties } = diff.definitions?.withheld ?? {};
  expect(new Set(properties?.by?.enum as string[])).toEqual(new Set(Object.keys(reasons)));
});
