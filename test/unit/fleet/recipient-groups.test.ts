import { expect, test } from '@jest/globals';
import { readFleet } from '../../../src/fleet/open-fleet.ts';
import { placeSite } from '../../../src/fleet/place-site.ts';
import { memorySnapshot } from '../compose/support.ts';

const fleet = (groups: string): string => `apiVersion: holdfast/v1
kind: Fleet
spec:
  recipientGroups:
    ${groups.replaceAll('\n', '\n    ')}
`;
const refusal = async (groups: string): Promise<string> =>
  readFleet(memorySnapshot({ 'fleet.yaml': fleet(groups) })).then(JSON.stringify, (error: Error) => error.message);

test('an app is in the group that the Fleet names it in', async () => {
  const files = {
    'fleet.yaml': fleet('shops: { apps: [pos, tax] }\nmasts: { apps: [radio] }'),
    'sites/eu/one.yaml': 'apiVersion: holdfast/v1\nkind: Site\n',
    ...Object.fromEntries(
      ['clock', 'pos', 'radio', 'tax'].flatMap((app) => [
        [`apps/${app}/app.yaml`, 'apiVersion: holdfast/v1\nkind: Application\n'],
        [`apps/${app}/compose.yaml`, 'services: { web: { image: x } }\n'],
      ]),
    ),
  };
  const { apps } = await placeSite(memorySnapshot(files), { site: 'eu/one' });
  expect(apps.map(({ name, recipientGroup }) => [name, recipientGroup])).toEqual([
    ['clock', undefined],
    ['pos', 'shops'],
    ['radio', 'masts'],
    ['tax', 'shops'],
  ]);
});

test.each([
  [
    'an app in two groups',
    'shops: { apps: [pos] }\nmasts: { apps: [radio, pos] }',
    /^fleet\.yaml:6:28: pos is in the recipient group shops already; an app is in one group$/,
  ],
  ['a name with a dot', 'a.b: { apps: [pos] }', /^fleet\.yaml:5:5: the name `a\.b` in .* must be lower-case letters/],
  ['a name that leads out of the folder', '..: { apps: [pos] }', /^fleet\.yaml:5:5: the name `\.\.`/],
  ['no apps', 'shops: { apps: [] }', /^fleet\.yaml:5:20: .*must not be empty/],
  ['a list', 'shops: [pos]', /^fleet\.yaml:5:12: .* must be a mapping, not a list/],
])('%s is refused with its place', async (_, groups, message) => {
  expect(await refusal(groups)).toMatch(message);
});
