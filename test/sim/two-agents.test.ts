import { expect, test } from '@jest/globals';
import type { DesiredSite } from '../../src/model/state.ts';
import { app, network, service, site } from '../support/site/site-builder.ts';
import { reconciledSite } from './run/reconciled-site.ts';

const MINUTE = 60_000;
const SITE = 'shop-17';
const git = (name: string): DesiredSite => ({
  ...site(
    app(name, network('net'), service('web', { Image: 'app:1', Cmd: ['serve'], Networks: { [`${name}_net`]: {} } })),
  ),
  site: SITE,
  vanished: { automated: { prune: true, selfHeal: true, allowEmpty: false } },
  pruneThreshold: 100,
});

/** The message of an agent about another one that keeps the site. */
const rivals = (errors: string[]): string[] => errors.filter((text) => text.startsWith('somebody else'));

test.each([1, 2, 3, 4, 5])(
  'two agents with one site name and two repos: both apps come to run (seed %i)',
  async (seed) => {
    const { clock, simulated, live, running } = reconciledSite(seed, SITE);
    const a = await live('aaaa', git('one'));
    await clock.advance(seed * 700);
    const b = await live('bbbb', git('two'));
    await clock.advance(5 * MINUTE);
    expect(running()).toEqual(['one-web-1', 'two-web-1']);
    expect([rivals(a.errors).length, rivals(b.errors).length].sort()).not.toEqual([0, 0]);
    // Nothing goes on twice a second: neither containers nor networks.
    expect(simulated.calls.createContainer).toBeLessThan(20);
    expect(simulated.calls.createNetwork).toBeLessThan(20);
    await b.end();
    await clock.advance(30 * MINUTE);
    expect(running()).toEqual(['one-web-1']);
    await a.end();
  },
);

test('a container that another agent made is no difference, and an agent that takes over a site meets no conflict', async () => {
  const { clock, simulated, live, running } = reconciledSite(7, SITE);
  const a = await live('aaaa', git('one'));
  await clock.advance(MINUTE);
  await a.end();
  const made = simulated.calls.createContainer;
  const b = await live('bbbb', git('one'));
  await clock.advance(30 * MINUTE);
  expect(rivals(b.errors)).toEqual([]);
  expect(simulated.calls.createContainer).toBe(made);
  expect(running()).toEqual(['one-web-1']);
  const [container] = simulated.machine.containers.values();
  expect(container?.body.Labels?.['dev.holdfast.agent']).toBe('aaaa');
  await b.end();
});
