import { describe, expect, test } from '@jest/globals';
import { selection, selects } from '../../../src/fleet/keys/selector.ts';
import { placeSite } from '../../../src/fleet/place-site.ts';
import type { Placement, SiteFacts } from '../../../src/model/fleet.ts';
import { COMPOSE, fleet, refusal } from './place-site/fleets.ts';

const document = (kind: string, ...spec: string[]): string =>
  ['apiVersion: holdfast/v1', `kind: ${kind}`, 'spec:', ...spec].join('\n');
const ARM: Placement = { matchLabels: { 'holdfast.arch': 'arm64' } };
const site = (facts?: SiteFacts) => ({ name: 'one', labels: { region: 'eu' }, facts });

describe('a placement by facts', () => {
  test('selects the sites that have them', () => {
    expect(selection(ARM, site({ 'holdfast.arch': 'arm64' }))).toBe('yes');
    expect(selection(ARM, site({ 'holdfast.arch': 'amd64' }))).toBe('no');
    expect(selection(ARM, site({}))).toBe('no');
  });

  test('may select any site while nobody knows its facts, unless something else keeps it away', () => {
    expect(selection(ARM, site())).toBe('maybe');
    expect(selects(ARM, site())).toBe(true);
    expect(selection({ ...ARM, matchLabels: { ...ARM.matchLabels, region: 'us' } }, site())).toBe('no');
    const notPodman = {
      matchExpressions: [{ key: 'holdfast.engine', operator: 'NotIn' as const, values: ['podman'] }],
    };
    expect(selection(notPodman, site())).toBe('maybe');
    expect(selection(notPodman, site({ 'holdfast.engine': 'docker' }))).toBe('yes');
  });

  test('is told apart from one that Git alone decides: only a fact parks', async () => {
    const files = fleet({
      'apps/arm/app.yaml': document('Application', '  placement: {matchLabels: {holdfast.arch: arm64}}'),
      'apps/arm/compose.yaml': COMPOSE,
      'apps/us/app.yaml': document('Application', '  placement: {matchLabels: {holdfast.arch: arm64, region: us}}'),
      'apps/us/compose.yaml': COMPOSE,
    });
    const here = await placeSite(files, { site: 'one', facts: async () => ({ 'holdfast.arch': 'amd64' }) });
    expect(here.apps.map(({ name }) => name)).toEqual(['web']);
    expect(here.elsewhere).toEqual(['arm', 'us']);
    expect(here.leftByFact).toEqual({ arm: 'its placement does not take holdfast.arch amd64' });
    const onLaptop = await placeSite(files, { site: 'one' });
    expect(onLaptop.apps.map(({ name }) => name)).toEqual(['arm', 'web']);
    expect(onLaptop.leftByFact).toBeUndefined();
  });

  test('adds the files of an overlay only where the fact is known', async () => {
    const files = fleet({
      'apps/web/app.yaml': document(
        'Application',
        '  compose: [compose.yaml]',
        '  overlays:',
        '    - {selector: {matchLabels: {holdfast.engine: podman}}, compose: [podman.yaml]}',
      ),
      'apps/web/podman.yaml': COMPOSE,
    });
    const composeOf = async (facts?: SiteFacts) =>
      (await placeSite(files, { site: 'one', facts: facts && (async () => facts) })).apps[0]?.compose;
    expect(await composeOf({ 'holdfast.engine': 'podman' })).toEqual(['apps/web/compose.yaml', 'apps/web/podman.yaml']);
    expect(await composeOf({ 'holdfast.engine': 'docker' })).toEqual(['apps/web/compose.yaml']);
    expect(await composeOf()).toEqual(['apps/web/compose.yaml']);
  });

  test('asks for the facts only where there is one', async () => {
    const never = (): never => {
      throw new Error('nobody asked');
    };
    expect((await placeSite(fleet(), { site: 'one', facts: never })).apps).toHaveLength(1);
  });
});

describe('the prefix holdfast. is reserved', () => {
  test('a Site cannot give such a label', async () => {
    const one = 'apiVersion: holdfast/v1\nkind: Site\nmetadata:\n  labels:\n    holdfast.arch: arm64\n';
    expect((await refusal(placeSite(fleet({ 'sites/one.yaml': one }), { site: 'one' })))[0]).toMatch(
      /^sites\/one\.yaml:5:5: the label `holdfast\.arch` is reserved/,
    );
  });

  test.each([
    ['holdfast.arhc: arm64', 4, 29, 'there is no fact `holdfast.arhc`'],
    ['holdfast.arch: aarch64', 4, 44, 'no site can have holdfast.arch "aarch64"'],
    ['holdfast.engine: podmann', 4, 46, 'no site can have holdfast.engine "podmann"'],
  ])('no placement asks for %s', async (label, line, column, message) => {
    const app = document('Application', `  placement: {matchLabels: {${label}}}`);
    const { broken } = await placeSite(fleet({ 'apps/web/app.yaml': app }), { site: 'one' });
    const [problem] = broken[0]?.problems ?? [];
    expect(problem).toMatchObject({ at: { file: 'apps/web/app.yaml', line, column }, message });
  });

  test('nor an overlay, or a step of a rollout', async () => {
    const expression = 'matchExpressions: [{key: holdfast.os, operator: In, values: [linux, beos]}]';
    const app = document('Application', `  overlays: [{selector: {${expression}}, compose: [a.yaml]}]`);
    const { broken } = await placeSite(fleet({ 'apps/web/app.yaml': app }), { site: 'one' });
    expect(broken[0]?.problems.map((each) => each.message)).toEqual(['no site can have holdfast.os "beos"']);
    const steps = `  rollout: {steps: [{selector: {${expression}}}, {percent: 100}]}`;
    const found = await refusal(placeSite(fleet({ 'fleet.yaml': document('Fleet', steps) }), { site: 'one' }));
    expect(found[0]).toMatch(/^fleet\.yaml:4:\d+: no site can have holdfast\.os "beos"/);
  });
});
