import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { openSightings, type Sightings } from '../../../src/agent/staging/sightings.ts';
import { compareApps, stage, unstaged } from '../../../src/agent/staging/stage.ts';
import type { Accepted, AcceptedApp } from '../../../src/agent/state/accepted.ts';
import { stepOf } from '../../../src/fleet/keys/rollout.ts';
import type { Disk } from '../../../src/lib/disk.ts';
import type { Rollout, SiteStep } from '../../../src/model/fleet.ts';
import type { DesiredSite } from '../../../src/model/state.ts';
import { app, service, site } from '../../support/site/site-builder.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const EPOCH = Date.UTC(2026, 0, 1);
/** Sites of one rollout; `HOLDFAST_PROPERTY_RUNS` makes them more. */
const SITES = 40 * Number(process.env.HOLDFAST_PROPERTY_RUNS ?? 10);

const at = { file: 'fleet.yaml', line: 1, column: 1 };
const ROLLOUT: Rollout = {
  steps: [
    { selector: { matchLabels: { ring: 'canary' } }, after: 0, at },
    { percent: 10, after: HOUR, at },
    { percent: 50, after: 4 * HOUR, at },
    { percent: 100, after: 24 * HOUR, at },
  ],
};

/** A commit: its time in the world, and the image of the app. */
interface Commit {
  time: number;
  image: string;
}

/** Things that happen to one site. A clock that lies is not trusted; its time is never asked for. */
type Event =
  | { kind: 'wait'; ms: number }
  | { kind: 'link'; up: boolean }
  | { kind: 'clock'; isTrusted: boolean }
  | { kind: 'restart' };

const event: fc.Arbitrary<Event> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({ kind: fc.constant('wait' as const), ms: fc.integer({ min: MINUTE, max: 6 * HOUR }) }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('link' as const), up: fc.boolean() }) },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant('clock' as const), isTrusted: fc.boolean() }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('restart' as const) }) },
);

const desired = (image: string): DesiredSite => site(app('pos', service('web', { Image: image })));
const accepted = (commit: string, step: SiteStep | undefined, previous?: Accepted): Accepted => ({
  url: 'u',
  ref: '',
  commit,
  site: { site: 'here', revision: commit, broken: [], allowEmpty: false, pruneThreshold: 100, confirmPrune: [] },
  apps: {
    pos: {
      placed: { name: 'pos', step } as AcceptedApp['placed'],
      revision: commit,
      recorded: previous?.apps.pos?.recorded as AcceptedApp['recorded'],
    },
  },
});

/** One site: what it runs, and when it began each image. */
async function life(
  name: string,
  labels: Record<string, string>,
  commits: readonly Commit[],
  events: readonly Event[],
) {
  const step = stepOf(ROLLOUT, { name, labels });
  const time = { world: 0, up: 0, isTrusted: false, link: true };
  let content: Uint8Array | undefined;
  const disk = {
    read: async () => content,
    write: async (_: string, text: string | Uint8Array) => {
      content = Buffer.from(text);
    },
  } as unknown as Disk;
  const open = async (): Promise<Sightings> =>
    (
      await openSightings({
        disk,
        path: '/s',
        clock: { monotonic: () => time.up },
        trustedWall: () => (time.isTrusted ? EPOCH + time.world : undefined),
      })
    ).sightings;
  let sightings = await open();
  let current: Accepted | undefined;
  /** The image of each accepted commit: the compiler's work. */
  const images = new Map<string, string>();
  const begun: { image: string; time: number; firstSeen: number }[] = [];
  const seen = new Map<string, number>();

  const poll = async (): Promise<void> => {
    if (!time.link) return;
    const index = commits.findLastIndex((commit) => commit.time <= time.world);
    const commit = commits[index];
    if (!commit) return;
    const id = `c${index}`;
    images.set(id, commit.image);
    const imageOf = (state: Accepted): string => images.get(state.apps.pos?.revision ?? '') ?? '';
    const next = current?.commit === id ? unstaged(current) : accepted(id, step, current);
    const before = current && imageOf(current);
    // A change is another one after the site has seen something else.
    for (const image of seen.keys()) if (image !== commit.image) seen.delete(image);
    if (before !== commit.image && !seen.has(commit.image)) seen.set(commit.image, time.world);
    const staged = stage(next, current, {
      apps: current && compareApps(desired(imageOf(current)), desired(imageOf(next))),
      sightings,
      promotions: new Map(),
    });
    await sightings.save();
    current = staged.accepted;
    const now = imageOf(current);
    if (now !== before) begun.push({ image: now, time: time.world, firstSeen: seen.get(now) ?? time.world });
  };

  await poll();
  for (const one of events) {
    if (one.kind === 'link') time.link = one.up;
    if (one.kind === 'clock') time.isTrusted = one.isTrusted;
    if (one.kind === 'restart') {
      time.up = 0;
      sightings = await open();
    }
    if (one.kind !== 'wait') continue;
    for (let left = one.ms; left > 0; left -= 20 * MINUTE) {
      const passed = Math.min(left, 20 * MINUTE);
      time.world += passed;
      time.up += passed;
      await poll();
    }
  }
  return { step, begun, commits };
}

describe('a rollout over many sites', () => {
  test('no site skips its step, and a reverted change reaches no site that had not begun it', async () => {
    let counted = 0;
    await fc.assert(
      fc.asyncProperty(
        fc.array(event, { minLength: 5, maxLength: 30 }),
        fc.integer({ min: HOUR, max: 40 * HOUR }),
        fc.nat(),
        fc.boolean(),
        async (events, revertAfter, number, isCanary) => {
          const commits = [
            { time: 0, image: 'pos:1' },
            { time: HOUR, image: 'pos:2' },
            { time: HOUR + revertAfter, image: 'pos:1' },
          ];
          const { step, begun } = await life(`eu/site-${number}`, isCanary ? { ring: 'canary' } : {}, commits, events);
          counted += 1;
          const wait = typeof step?.after === 'number' ? step.after : 0;
          for (const [index, { image, time, firstSeen }] of begun.entries()) {
            if (index === 0) continue;
            expect(time - firstSeen).toBeGreaterThanOrEqual(wait);
            if (image === 'pos:2') expect(time).toBeLessThan(HOUR + revertAfter);
          }
        },
      ),
      { numRuns: SITES },
    );
    expect(counted).toBeGreaterThanOrEqual(SITES);
  });
});
