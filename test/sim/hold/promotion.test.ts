import { describe, expect, test } from '@jest/globals';
import { type PromotionContent, promotionPayload } from '../../../src/trust/promotion.ts';
import { DAY, HOUR, repoOf, settled, type siteOf, V1, V2 } from './rollout-site.ts';

/** Shows a promotion of the app on the server. Times are of the virtual clock. */
function promote(
  { repo, clock }: ReturnType<typeof siteOf>,
  changes: Partial<PromotionContent> = {},
  app = 'web',
): void {
  const issued = Math.floor(clock.wall().getTime() / 1000) * 1000;
  const content = {
    revision: '',
    app,
    commit: repo.head,
    step: 1,
    state: 'open' as const,
    sequence: issued / 1000,
    issued,
    expires: issued + 30 * DAY,
  };
  repo.promotions.set(app, Buffer.from(promotionPayload({ ...content, ...changes })));
}

describe('a promotion', () => {
  const CLOSED = { after: 'promotion' };

  test('opens a step for the change of its commit', async () => {
    const site = await settled(CLOSED);
    site.repo.commit(repoOf({ ...CLOSED, image: 'app:2' }));
    await site.clock.advance(DAY);
    promote(site);
    await site.clock.advance(HOUR);
    expect(site.running()).toEqual(V2);
    expect(site.log).toContain('the change of web begins');
    await site.stop();
  });

  test('opens it as well for a site that saw only a later commit with the same change, and not for another change', async () => {
    const site = await settled(CLOSED);
    await site.stop();
    const promoted = site.repo.commit(repoOf({ ...CLOSED, image: 'app:2' }));
    promote(site, { commit: promoted });
    site.repo.commit(repoOf({ ...CLOSED, image: 'app:2', more: { 'README.md': 'later' } }));
    await site.start();
    await site.clock.advance(HOUR);
    expect(site.running()).toEqual(V2);
    site.repo.commit(repoOf({ ...CLOSED, image: 'app:3' }));
    await site.clock.advance(DAY);
    expect(site.running()).toEqual(V2);
    await site.stop();
  });

  test('holds a change that would begin by its time, until it is over', async () => {
    const site = await settled();
    site.repo.commit(repoOf({ image: 'app:2' }));
    promote(site, { state: 'hold', expires: site.clock.wall().getTime() + 10 * DAY });
    await site.clock.advance(9 * DAY);
    expect(site.running()).toEqual(V1);
    await site.clock.advance(2 * DAY);
    expect(site.running()).toEqual(V2);
    await site.stop();
  });

  test('with a lower number than one before counts for nothing, as after a restart', async () => {
    const site = await settled(CLOSED);
    site.repo.commit(repoOf({ ...CLOSED, image: 'app:2' }));
    promote(site, { state: 'hold' });
    await site.clock.advance(HOUR);
    await site.stop();
    await site.start();
    promote(site, { sequence: 5 });
    await site.clock.advance(DAY);
    expect(site.running()).toEqual(V1);
    expect(site.log).toContainEqual(
      expect.stringMatching(/a promotion is not believed: the promotion of web has the number 5/),
    );
    await site.stop();
  });

  test('for another app, or one that makes no sense, opens nothing', async () => {
    const site = await settled(CLOSED);
    site.repo.commit(repoOf({ ...CLOSED, image: 'app:2' }));
    site.repo.promotions.set('web', Buffer.from('nonsense'));
    await site.clock.advance(HOUR);
    promote(site, {}, 'other');
    const other = site.repo.promotions.get('other');
    if (other) site.repo.promotions.set('web', other);
    await site.clock.advance(HOUR);
    expect(site.running()).toEqual(V1);
    await site.stop();
  });
});

describe('a commit with the trailer Holdfast-Rollout: now', () => {
  const NOW = 'Mend the till\n\nHoldfast-Rollout: now web other';

  test('begins at once the change that it has', async () => {
    const site = await settled();
    site.repo.commit(repoOf({ image: 'app:2' }), NOW);
    await site.clock.advance(HOUR);
    expect(site.running()).toEqual(V2);
    await site.stop();
  });

  test('does so as well on a site that sees it together with later commits of other things', async () => {
    const site = await settled();
    await site.stop();
    site.repo.commit(repoOf({ image: 'app:2' }), NOW);
    site.repo.commit(repoOf({ image: 'app:2', more: { 'README.md': 'later' } }));
    await site.start();
    await site.clock.advance(HOUR);
    expect(site.running()).toEqual(V2);
    await site.stop();
  });

  test('says nothing about a later change, nor about another app', async () => {
    const site = await settled();
    await site.stop();
    site.repo.commit(repoOf({ image: 'app:2' }), NOW);
    site.repo.commit(repoOf({ image: 'app:3' }), 'Go on\n\nHoldfast-Rollout: now other');
    await site.start();
    await site.clock.advance(DAY - HOUR);
    expect(site.running()).toEqual(V1);
    await site.stop();
  });
});
