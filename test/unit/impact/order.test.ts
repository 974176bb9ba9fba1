import { expect, test } from '@jest/globals';
import { document, fleet, told, web } from './support.ts';

test('an app that depends on other apps than before is told of, at once; both are shown to change, whatever the order', async () => {
  const depending = (image: string, ...others: string[]) =>
    fleet(web(image), {
      'fleet.yaml': document('Fleet', { oldestAgent: '0.2.0', syncPolicy: { automated: { prune: true } } }),
      'apps/pos/app.yaml': document('Application', others.length > 0 ? { dependsOn: others } : {}),
      ...Object.fromEntries(
        ['db', 'cache'].flatMap((name) => [
          [`apps/${name}/app.yaml`, document('Application', {})],
          [`apps/${name}/compose.yaml`, web(image)],
        ]),
      ),
    });
  const one = (...others: string[]) => depending('shop/web:1', ...others);
  const goes = 'its changes begin once that is done and runs';
  expect((await told(one(), one('db'))).slice(1)).toEqual(['pos', `! depends on db; ${goes}`]);
  expect((await told(one('db'), one('db', 'cache'))).slice(1)).toEqual([
    'pos',
    `! depends on db, cache, before: db; ${goes}`,
  ]);
  expect((await told(one('db'), one())).slice(1)).toEqual(['pos', '! depends on db no longer']);
  expect(await told(one('db'), one('db'))).toEqual([]);
  const both = await told(one('db'), depending('shop/web:2', 'db'));
  expect(both.join()).not.toContain('withheld');
  expect(both.filter((line) => line.includes('-web-1'))).toHaveLength(3);
});

test('apps that are tied to each other are told to begin together, in the step that comes last', async () => {
  const steps = (after: string) => ({ rollout: { steps: [{ percent: 100, after }] } });
  const tied = (image: string) =>
    fleet(web(image), {
      'fleet.yaml': document('Fleet', { oldestAgent: '0.2.0', syncPolicy: { automated: {} }, ...steps('1h') }),
      'apps/pos/app.yaml': document('Application', { dependsOn: ['db'] }),
      'apps/db/app.yaml': document('Application', steps('3h')),
      'apps/db/compose.yaml': web(image),
      'apps/web/app.yaml': document('Application', {}),
      'apps/web/compose.yaml': web(image),
    });
  const lines = await told(tied('shop/web:1'), tied('shop/web:2'));
  expect(lines.filter((line) => line.includes('(step'))).toEqual([
    'db (step 1 of 1, after 3 h, together with pos)',
    'pos (step 1 of 1, after 3 h, together with db)',
    'web (step 1 of 1, after 1 h)',
  ]);
});
