import { expect, test } from '@jest/globals';
import * as fc from 'fast-check';
import { type Recorded, recordSnapshot, replaySnapshot } from '../../src/source/recording.ts';
import { memorySnapshot } from '../support/values/memory-snapshot.ts';

const name = fc.constantFrom('a', 'b', 'compose.yaml', '__proto__', 'constructor', '0', 'ä');
const path = fc.array(name, { minLength: 1, maxLength: 3 }).map((parts) => parts.join('/'));
const files = fc
  .array(fc.tuple(path, fc.string()), { maxLength: 8 })
  // A path cannot be a file and a folder at once.
  .map((entries) => {
    const kept: [string, string][] = [];
    for (const [at, text] of entries) {
      if (!kept.some(([other]) => other === at || other.startsWith(`${at}/`) || at.startsWith(`${other}/`)))
        kept.push([at, text]);
    }
    return Object.fromEntries(kept);
  });
const questions = fc.array(fc.record({ verb: fc.constantFrom('read' as const, 'list' as const), path }), {
  maxLength: 12,
});

test('a recording gives the same answers to the same questions, also after it was written as text', async () => {
  await fc.assert(
    fc.asyncProperty(files, questions, async (content, asked) => {
      const original = memorySnapshot(content);
      const recording = recordSnapshot(original);
      const answers = [];
      for (const { verb, path } of asked) answers.push(await recording.snapshot[verb](path));
      const { files, lists, missing } = recording.recorded();
      const text = JSON.parse(JSON.stringify({ lists, missing })) as Pick<Recorded, 'lists' | 'missing'>;
      const replay = replaySnapshot(original.revision, original.origin, { files, ...text });
      const again = [];
      for (const { verb, path } of asked) again.push(await replay[verb](path));
      expect(again).toEqual(answers);
    }),
  );
});

test('a file that was never asked for is unknown, not absent', async () => {
  const recording = recordSnapshot(memorySnapshot({ a: '1', b: '2' }));
  await recording.snapshot.read('a');
  const replay = replaySnapshot('r1', { description: 'x', name: 'x' }, recording.recorded());
  expect(Buffer.from((await replay.read('a'))?.content ?? []).toString()).toBe('1');
  for (const path of ['b', '__proto__', 'constructor']) {
    await expect(replay.read(path)).rejects.toMatchObject({ kind: 'notFound' });
    await expect(replay.list(path)).rejects.toMatchObject({ kind: 'notFound' });
  }
});

test('the order of reading does not show in a recording', async () => {
  const [one, two] = [
    recordSnapshot(memorySnapshot({ a: '1', b: '2' })),
    recordSnapshot(memorySnapshot({ a: '1', b: '2' })),
  ];
  for (const path of ['a', 'b', 'x', 'y']) await one.snapshot.read(path);
  for (const path of ['y', 'x', 'b', 'a']) await two.snapshot.read(path);
  expect(JSON.stringify(one.recorded())).toBe(JSON.stringify(two.recorded()));
});
