import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { redactedEngine } from '../../../src/agent/reconcile/redacted-engine.ts';
import { outsideValues } from '../../../src/compose/private-values/outside-values.ts';
import type { Engine } from '../../../src/engine/engine.ts';
import { EngineError, messageOf } from '../../../src/lib/errors.ts';
import type { Operation } from '../../../src/model/plan.ts';
import type { ActualSite } from '../../../src/model/state.ts';

/** An engine that quotes some words in all that it says. */
const quoting = (words: string): Engine => {
  const fail = (): Promise<never> => Promise.reject(new EngineError('invalid', `invalid mount "${words}:/x"`));
  return {
    facts: fail,
    stacks: fail,
    observe: async () => ({ containers: [{ error: `no such file ${words}` }] }) as unknown as ActualSite,
    perform: async ({ kind }) => (kind === 'pullImage' ? fail() : { warnings: [`${words} is ignored`] }),
    lastOutput: async () => `bad token ${words}`,
    forget: () => {},
    watch: () => () => {},
    close: () => {},
  };
};

test('an engine that quotes a value from outside of Git is not quoted, whatever it says', async () => {
  await fc.assert(
    fc.asyncProperty(fc.stringMatching(/^[A-Za-z0-9+*?$()[\].]{6,20}$/), async (secret) => {
      const outside = outsideValues();
      const engine = redactedEngine(quoting(secret), outside.hide);
      outside.heard('TOKEN', secret);
      const said: string[] = [];
      const options = { app: 'shop', resolve: () => '', signal: AbortSignal.abort() };
      const operation = (kind: string) => ({ kind }) as Operation as Parameters<Engine['perform']>[0];
      for (const failing of [engine.facts(), engine.stacks(), engine.perform(operation('pullImage'), options)])
        await failing.catch((error: unknown) => said.push(messageOf(error)));
      said.push(...(await engine.perform(operation('startContainer'), options)).warnings);
      said.push(...(await engine.observe({ images: [] })).containers.map(({ error }) => error));
      said.push(await engine.lastOutput('x'));
      expect(said).toHaveLength(6);
      for (const text of said) expect(text).not.toContain(secret);
      expect(said).toContain('invalid mount "${TOKEN}:/x"');
    }),
  );
});

test('short values and words of everybody’s are left, and a value that a name had before is hidden as well', () => {
  const outside = outsideValues();
  for (const [name, value] of [
    ['A', '1'],
    ['B', 'true'],
    ['TOKEN', 'hunter2'],
    ['TOKEN', 'hunter3'],
  ] as const)
    outside.heard(name, value);
  expect(outside.hide('1 of 3: true, hunter2, hunter3')).toBe('1 of 3: true, ${TOKEN}, ${TOKEN}');
});
