import { expect, test } from '@jest/globals';
import { seededRandom } from '../world/random.ts';
import { HOUR, MINUTE, NIGHT, NOON, repoOf, siteAtNoon, waiting } from './windows-site.ts';

const SEEDS = process.env.HOLDFAST_SIM_SEED ? [Number(process.env.HOLDFAST_SIM_SEED)] : [1, 2, 3, 4];

test('A change waits for its window, is told once with the next opening, and is applied when it opens', async () => {
  const site = await waiting();
  await site.until(1, 59);
  expect(site.runs()).toBe('db:1 web:1');
  const told = site.log.filter((line) => line.includes('held back'));
  expect(told).toEqual([
    expect.stringMatching(
      /^held back, as no sync window is open of allow "0 2 \* \* \*" for 2h \(Europe\/Lisbon\); next opening 2026-06-02 02:00 Europe\/Lisbon: /,
    ),
  ]);
  const { calls } = site.simulated;
  expect(calls.pullImage).toBe(2);
  await site.until(2, 5);
  expect(site.runs()).toBe('db:1 web:2');
  await site.stop();
});

test('A site that waits for a window writes nothing to its disk, and changes nothing', async () => {
  const site = await waiting();
  await site.clock.advance(HOUR);
  const { writes } = site.disk;
  const { effects } = site.simulated;
  await site.clock.advance(6 * HOUR);
  expect(site.disk.writes).toBe(writes);
  expect(site.simulated.effects).toBe(effects);
  await site.stop();
});

test('Without a link, the change is applied when the window opens, by a clock that was trusted before', async () => {
  const site = await waiting();
  site.repo.linkUp = false;
  await site.until(1, 59);
  expect(site.runs()).toBe('db:1 web:1');
  await site.until(2, 1);
  // The image was not here, and the registry is another link.
  expect(await site.became('db:1 web:2', 30 * MINUTE)).toBe(true);
  await site.stop();
});

test('With requireContact, a site without a link waits until Git has answered', async () => {
  const site = await waiting([{ ...NIGHT, requireContact: true }]);
  site.repo.linkUp = false;
  await site.until(2, 30);
  expect(site.runs()).toBe('db:1 web:1');
  expect(site.log.join('\n')).toContain('the sync window is open and asks for contact with Git first');
  site.repo.linkUp = true;
  expect(await site.became('db:1 web:2', 30 * MINUTE)).toBe(true);
  await site.stop();
});

test('With requireContact, a revert gets there before the change that waited', async () => {
  const site = await waiting([{ ...NIGHT, requireContact: true }]);
  site.repo.linkUp = false;
  site.repo.commit(repoOf({ web: 'web:1', db: 'db:1' }, [{ ...NIGHT, requireContact: true }]));
  await site.until(2, 30);
  let isSeen = false;
  site.clock.onStep = () => {
    isSeen ||= site.runs().includes('web:2');
  };
  site.repo.linkUp = true;
  await site.until(3, 30);
  expect(isSeen).toBe(false);
  expect(site.runs()).toBe('db:1 web:1');
  await site.stop();
});

test.each([
  ['1970', 0],
  ['2099', Date.UTC(2099, 0, 1, 2, 30)],
])('A site whose clock says %s changes nothing until its clock is right, and heals meanwhile', async (_, shows) => {
  const site = await waiting([NIGHT], { shows });
  expect(site.log.join('\n')).toContain('sync windows count as closed, as the clock is not within 10 minutes');
  for (let hour = 0; hour < 24; hour++) {
    await site.clock.advance(HOUR);
    expect(site.runs()).toBe('db:1 web:1');
  }
  site.killWeb();
  expect(await site.became('db:1 web:1', MINUTE)).toBe(true);
  site.clock.setWall(new Date(NOON + site.clock.monotonic()));
  expect(await site.became('db:1 web:2', 24 * HOUR)).toBe(true);
  const hour = new Date(site.clock.wall()).getUTCHours() + 1;
  expect(hour).toBe(2);
  await site.stop();
});

test('A site that cannot know the time, and of which Git says that windows are open then, follows at once', async () => {
  const site = siteAtNoon({ tellsTime: false });
  site.repo.commit(repoOf({ web: 'web:1', db: 'db:1' }, [NIGHT], { onUnknownTime: 'open' }));
  await site.start();
  expect(await site.became('db:1 web:1', HOUR)).toBe(true);
  await site.stop();
});

test('An agent that is restarted without a link keeps the time, and one on a machine that was rebooted does not', async () => {
  const site = await waiting();
  site.repo.linkUp = false;
  await site.clock.advance(HOUR);
  site.clock.setWall(new Date(0));
  await site.restart();
  await site.until(1, 59);
  expect(site.runs()).toBe('db:1 web:1');
  await site.until(2, 10);
  expect(site.runs()).toBe('db:1 web:2');
  await site.stop();

  const other = await waiting();
  other.repo.linkUp = false;
  await other.until(2, -30);
  await other.reboot(0);
  await other.until(3, 30);
  expect(other.runs()).toBe('db:1 web:1');
  await other.stop();
});

test('When the window closes, the replacement that has begun is finished, and the next one waits for the next night', async () => {
  const site = await waiting();
  await site.until(3);
  expect(site.runs()).toBe('db:1 web:2');
  await site.until(3, 59);
  site.repo.commit(repoOf({ web: 'web:3', db: 'db:2' }, [NIGHT]));
  await site.clock.advance(MINUTE / 2);
  site.sync();
  // The old container takes until after four o'clock to stop, and db depends on it.
  await site.until(4, 0);
  expect(site.runs()).not.toContain('web:3');
  await site.until(4, 5);
  expect(site.runs()).toBe('db:1 web:3');
  const { effects } = site.simulated;
  await site.until(25, 59);
  expect(site.runs()).toBe('db:1 web:3');
  expect(site.simulated.effects).toBe(effects);
  await site.until(26, 5);
  expect(site.runs()).toBe('db:2 web:3');
  await site.stop();
});

test('An agent that is killed at any moment of a change finishes it after the window, and begins none then', async () => {
  for (let deaths = 0; deaths < 8; deaths++) {
    const site = await waiting();
    await site.until(3, 59);
    site.repo.commit(repoOf({ web: 'web:3', db: 'db:2' }, [NIGHT]));
    site.repo.linkUp = false;
    await site.until(3, 59);
    site.repo.linkUp = true;
    await site.clock.advance(20_000);
    site.sync();
    await site.clock.advance(deaths * 5_000);
    await site.killAgent();
    await site.until(4, 10);
    const after = site.runs();
    expect(['db:1 web:2', 'db:1 web:3']).toContain(after);
    await site.until(25, 59);
    expect(site.runs()).toBe(after);
    await site.until(26, 10);
    expect(site.runs()).toBe('db:2 web:3');
    await site.stop();
  }
});

test('In three days and nights of commits, kills and lost links, a container changes its image in the window alone', async () => {
  for (const seed of SEEDS) {
    const random = seededRandom(seed);
    const site = await waiting();
    let before = '';
    const wrong: string[] = [];
    site.clock.onStep = () => {
      const hour = new Date(NOON + site.clock.monotonic()).getUTCHours() + 1;
      const minute = new Date(NOON + site.clock.monotonic()).getUTCMinutes();
      // A replacement that began before four o'clock may take a minute and a little more.
      const isOpen = hour === 2 || hour === 3 || (hour === 4 && minute < 3);
      const now = site.images();
      if (!isOpen && before !== '' && now !== before)
        wrong.push(`seed ${seed}: ${before} became ${now} at ${hour}:${minute}`);
      before = now;
    };
    let last = { web: 'web:2', db: 'db:1' };
    for (let step = 0; step < 40; step++) {
      await site.clock.advance(random.between(5, 200) * MINUTE);
      const what = random.next();
      if (what < 0.3) {
        last = { web: random.pick(['web:1', 'web:2', 'web:3']), db: random.pick(['db:1', 'db:2']) };
        site.repo.commit(repoOf(last, [NIGHT]));
        site.sync();
      } else if (what < 0.5) site.killWeb();
      else if (what < 0.65) await site.killAgent();
      else if (what < 0.75) await site.restart();
      else if (what < 0.85) site.repo.linkUp = !site.repo.linkUp;
      else if (what < 0.9) await site.clock.advance(random.between(1, 60) * 1_000);
    }
    site.repo.linkUp = true;
    expect(await site.became(`${last.db} ${last.web}`, 3 * 24 * HOUR)).toBe(true);
    expect(wrong).toEqual([]);
    await site.stop();
  }
});
