import { expect, test } from '@jest/globals';
import type { ContainerInspect } from '../../src/container/engine-api.ts';
import { app, service, site } from '../support/site/site-builder.ts';
import { reconciledSite } from './run/reconciled-site.ts';
import { docker20 } from './world/engine/profiles.ts';

const HOUR = 3_600_000;
const gitWith = (User: string) => site(app('shop', service('web', { Image: 'app:1', User, Cmd: ['serve'] })));

test('an engine that answers one field wrongly does not make the agent replace for ever, in no life of it', async () => {
  const liar = {
    ...docker20,
    dialect: {
      ...docker20.dialect,
      fromInspect: (answer: ContainerInspect) => ({
        ...answer,
        Config: { ...answer.Config, User: `${answer.Config.User}-or-so` },
      }),
    },
  };
  const { clock, simulated, live } = reconciledSite(7, 'shop-17', liar);
  const created = (): number => simulated.calls.createContainer ?? 0;

  const first = await live('aaaa', gitWith('app'));
  await clock.advance(HOUR / 2);
  // The first one of all, three that were to mend it, and two with long pauses between.
  expect(created()).toBeLessThanOrEqual(6);
  expect(created()).toBeGreaterThanOrEqual(4);
  expect(first.plan()?.apps[0]?.problems[0]?.message).toContain(
    'for user, and still differs: user: app-or-so, wanted app',
  );
  await first.end();

  const before = created();
  const second = await live('aaaa', gitWith('app'));
  await clock.advance(24 * HOUR);
  const later = created() - before;
  expect(later).toBeGreaterThanOrEqual(1);
  expect(later).toBeLessThanOrEqual(10);

  second.desire(gitWith('other'));
  await clock.advance(5000);
  expect(created()).toBeGreaterThan(before + later);
  await second.end();
});
