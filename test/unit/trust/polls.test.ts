import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { schemaProblems } from '../../../src/fleet/schema/schema.ts';
import type { Trust } from '../../../src/trust/trust.ts';
import { parseTrust } from '../../../src/trust/trust-file.ts';
import type { CountedDates } from '../../../src/trust/verify/counted-dates.ts';
import { verifyCommit } from '../../../src/trust/verify/verify-commit.ts';
import { Forge, person } from '../../support/git/forge.ts';

const people = ['ada', 'bob', 'carol', 'shop', 'eve'].map(person);
const DAY = 86_400;
const BEGIN = 1_767_225_600;

/** One commit on top of the last. */
const step = fc.record({
  by: fc.oneof({ arbitrary: fc.nat(1), weight: 3 }, { arbitrary: fc.nat(people.length), weight: 1 }),
  /** The file that it changes; none for an approval. */
  file: fc.option(fc.constantFrom('apps/shop/a', 'apps/web/a'), { freq: 2 }),
  day: fc.nat(40),
  /** Merges what somebody else committed beside the last, on top of a head of some commits before. */
  beside: fc.option(fc.record({ by: fc.nat(people.length), since: fc.nat(3), announces: fc.nat(3) }), { freq: 4 }),
  /** Brings new keys: how many must sign, who is left out, and whether it is announced by the next as well. */
  rotation: fc.option(
    fc.record({ threshold: fc.constantFrom(1, 2), without: fc.nat(2), verify: fc.constantFrom('head', 'every') }),
    { freq: 5 },
  ),
  announces: fc.boolean(),
  recovers: fc.integer({ min: 0, max: 9 }).map((each) => each === 0),
});
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

const readTrust = (text: string): Promise<Trust> =>
  parseTrust(text, 'trust.yaml', (root) => schemaProblems(root, 'Trust'));

function trustText(version: number, threshold: number, without: number | undefined, verify: string): string {
  const full = people.slice(0, 3).filter((_, index) => index !== without);
  const shop = verify === 'every' ? [people[3]] : [];
  const signers = [...full, ...shop].map((one) => ({
    name: one?.name,
    ssh: [one?.line],
    ...(one?.name === 'shop' && { paths: ['apps/shop'] }),
    ...(one?.name === 'carol' && { validBefore: '2026-01-20' }),
  }));
  return JSON.stringify({ apiVersion: 'holdfast/v1', kind: 'Trust', spec: { version, threshold, verify, signers } });
}

/** The heads that a branch has one after the other. */
function history(repo: Forge, steps: readonly Step[]): string[] {
  let files: Record<string, string> = {};
  const filesAt = [files];
  let version = 1;
  const heads = [repo.commit({ by: people[0], time: BEGIN })];
  for (const [index, { by, file, day, beside, rotation, announces, recovers }] of steps.entries()) {
    const last = heads.at(-1) ?? '';
    const parents = [last];
    if (beside !== null) {
      // Changes nothing against the head that it is on top of: the merge adds what its author says.
      const under = Math.max(0, heads.length - 1 - beside.since);
      const announced = beside.announces === 0 ? `\nHoldfast-Trust: ${version + 1}\n` : '';
      parents.push(
        repo.commit({
          by: people[beside.by],
          files: filesAt[under] ?? {},
          parents: [heads[under] ?? ''],
          time: BEGIN,
          message: `Beside ${index}\n${announced}`,
        }),
      );
    }
    if (file !== null) files = { ...files, [file]: String(index) };
    if (rotation) {
      version += 1;
      files = { ...files, 'trust.yaml': trustText(version, rotation.threshold, rotation.without, rotation.verify) };
    }
    const trailer = [
      ...(rotation || announces ? [`Holdfast-Trust: ${version}`] : []),
      ...(recovers ? [`Holdfast-Recovers: ${last}`] : []),
    ];
    const message = `Step ${index}\n${trailer.length > 0 ? `\n${trailer.join('\n')}\n` : ''}`;
    heads.push(repo.commit({ by: people[by], files, parents, message, time: BEGIN + day * DAY }));
    filesAt.push(files);
  }
  return heads;
}

/** Where a site ends that looks at some of the heads. */
async function follow(repo: Forge, own: string, heads: readonly string[], now: number | undefined) {
  let [floor] = heads;
  let trust = await readTrust(own);
  let dates: CountedDates | undefined;
  for (const commit of heads) {
    const found = await verifyCommit({ commit }, { floor, trust, dates, now }, repo);
    if (found.refusals.length > 0) continue;
    ({ trust, dates } = found);
    floor = commit;
  }
  return { floor, version: trust.version };
}

test('every choice of polls ends at the same head', async () => {
  let accepted = 0;
  await fc.assert(
    fc.asyncProperty(
      fc.array(step, { minLength: 1, maxLength: 7 }),
      fc.infiniteStream(fc.boolean()),
      fc.constantFrom('head', 'every'),
      fc.constantFrom(1, 2),
      async (steps, polls, verify, threshold) => {
        const repo = new Forge();
        repo.readTrust = readTrust;
        const heads = history(repo, steps);
        const own = trustText(1, threshold, undefined, verify);
        const [first = '', ...later] = heads;
        const last = later.at(-1);
        const eager = await follow(repo, own, heads, undefined);
        for (const some of [later.filter(() => polls.next().value === true), []]) {
          const site = await follow(repo, own, [first, ...some.filter((head) => head !== last), last ?? ''], undefined);
          // A head that is refused leaves a site where it was; nothing else tells two sites from one another.
          if (eager.floor === last || site.floor === last) expect(site).toEqual(eager);
        }
        if (eager.floor === last) accepted += 1;
      },
    ),
    { numRuns: 120 },
  );
  expect(accepted).toBeGreaterThan(10);
});
