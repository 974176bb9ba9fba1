import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { Claim, Held } from '../../../src/compose/claims.ts';
import { type Contender, conflictsOf } from '../../../src/compose/conflicts.ts';

const NAMES = ['a', 'b', 'c', 'constructor', 'toString'];
const port = (value: number): Held => ({ kind: 'port', protocol: 'tcp', ip: '', port: value });
const asked = (held: Held): Claim => ({ ...held, text: JSON.stringify(held), at: undefined });
const ports = fc.uniqueArray(fc.integer({ min: 1, max: 6 }), { maxLength: 3 });

/** One commit: what each app claims from now on; undefined: the app cannot be compiled. */
const commit = fc.tuple(...NAMES.map(() => fc.option(ports, { nil: undefined, freq: 5 })));

/** The claims that each app of a site holds after a commit. */
function after(before: ReadonlyMap<string, number[]>, claims: (number[] | undefined)[]): Map<string, number[]> {
  const contenders = NAMES.map((name, index): Contender => {
    const held = before.get(name);
    return { name, claims: claims[index]?.map((each) => asked(port(each))), held: held?.map(port) };
  });
  const lost = conflictsOf(contenders);
  return new Map(
    NAMES.flatMap((name, index): [string, number[]][] => {
      const next = lost.has(name) ? undefined : claims[index];
      const stands = next ?? before.get(name);
      return stands ? [[name, stands]] : [];
    }),
  );
}

test('after any commits no two apps hold the same claim, and no app that stays as it was loses one', () => {
  fc.assert(
    fc.property(fc.array(commit, { minLength: 1, maxLength: 5 }), (commits) => {
      let site = new Map<string, number[]>();
      for (const claims of commits) {
        const next = after(site, claims);
        const all = [...next.values()].flat();
        expect(new Set(all).size).toBe(all.length);
        for (const [name, held] of site) {
          const wanted = claims[NAMES.indexOf(name)];
          // An app keeps the claims that it held and still asks for, even if others ask for them.
          if (wanted?.every((each) => held.includes(each))) expect(next.get(name)).toEqual(wanted);
        }
        expect(
          after(
            next,
            NAMES.map((name) => next.get(name)),
          ),
        ).toEqual(next);
        site = next;
      }
    }),
  );
});

test('all new sites agree, in whatever order the apps come', () => {
  fc.assert(
    fc.property(commit, fc.integer(), (claims, seed) => {
      const contenders = NAMES.map(
        (name, index): Contender => ({
          name,
          claims: claims[index]?.map((each) => asked(port(each))),
          held: undefined,
        }),
      );
      const turned = [...contenders.slice(Math.abs(seed) % 5), ...contenders.slice(0, Math.abs(seed) % 5)];
      expect([...conflictsOf(turned).keys()].sort()).toEqual([...conflictsOf(contenders).keys()].sort());
      const counts = new Map<number, number>();
      for (const each of claims.flatMap((own) => own ?? [])) counts.set(each, (counts.get(each) ?? 0) + 1);
      const expected = NAMES.filter((_, index) => claims[index]?.some((each) => (counts.get(each) ?? 0) > 1));
      expect([...conflictsOf(contenders).keys()].sort()).toEqual(expected.sort());
    }),
  );
});
