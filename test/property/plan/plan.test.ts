import { expect, test } from '@jest/globals';
import * as fc from 'fast-check';
import type { Operation } from '../../../src/model/plan.ts';
import { subjectKey } from '../../../src/model/subject.ts';
import { planOf, RUNS, situations } from './situations.ts';

test('numbers run from 1, and each operation comes after those it needs', () => {
  fc.assert(
    fc.property(situations, ({ git, site, memory }) => {
      for (const { operations } of planOf(git, site, memory).apps) {
        expect(operations.map(({ id }) => id)).toEqual(operations.map((_, index) => index + 1));
        for (const { id, after, onlyIfFailed } of operations)
          for (const need of [...after, ...(onlyIfFailed === undefined ? [] : [onlyIfFailed])])
            expect(need).toBeLessThan(id);
      }
    }),
    RUNS,
  );
});

test('the same input gives the same plan, in whatever order things are listed', () => {
  fc.assert(
    fc.property(situations, fc.nat(), ({ git, site, memory }, seed) => {
      const turned = {
        ...site,
        containers: [...site.containers]
          .sort((a, b) => ((a.id.length * seed) % 7) - ((b.id.length * seed) % 7))
          .reverse(),
        networks: Object.fromEntries(Object.entries(site.networks).reverse()),
      };
      const text = JSON.stringify(planOf(git, site, memory));
      expect(JSON.stringify(planOf(git, site, memory))).toBe(text);
      expect(JSON.stringify(planOf(git, turned, memory))).toBe(text);
    }),
    RUNS,
  );
});

test('the input is left as it was', () => {
  fc.assert(
    fc.property(situations, ({ git, site, memory }) => {
      const before = JSON.stringify({ git, site, memory });
      planOf(git, site, memory);
      expect(JSON.stringify({ git, site, memory })).toBe(before);
    }),
    RUNS,
  );
});

test('nothing is done to what is not ours, and no volume is removed', () => {
  fc.assert(
    fc.property(situations, ({ git, site, memory }) => {
      const ours = new Set(site.containers.map(({ id }) => id));
      for (const { operations } of planOf(git, site, memory).apps) {
        for (const operation of operations) {
          expect(operation.kind).not.toBe('removeVolume');
          if ('container' in operation && operation.container.id !== undefined)
            expect(ours).toContain(operation.container.id);
          if (operation.kind === 'removeNetwork') expect(site.networks[operation.name]?.owner?.site).toBe(git.site);
          if (operation.kind === 'createContainer' || operation.kind === 'renameContainer')
            expect(Object.keys(site.foreignNames)).not.toContain(operation.name);
        }
      }
    }),
    RUNS,
  );
});

/** All that an operation comes after, over any number of steps. */
function needsOf(operations: Operation[], { after }: Operation): Set<number> {
  const found = new Set(after);
  for (const id of found) for (const need of operations[id - 1]?.after ?? []) found.add(need);
  return found;
}

test('nothing that runs is stopped for a successor whose image is not on the disk yet', () => {
  fc.assert(
    fc.property(situations, ({ git, site, memory }) => {
      for (const { operations } of planOf(git, site, memory).apps) {
        for (const stop of operations.filter(
          (each) => each.kind === 'stopContainer' && each.reason.startsWith('makes way'),
        )) {
          const needed = needsOf(operations, stop);
          const created = operations.find(
            (each) => each.kind === 'createContainer' && subjectKey(each.subject) === subjectKey(stop.subject),
          );
          if (created?.kind !== 'createContainer') continue;
          expect(needed).toContain(created.id);
          if (site.images[created.spec.Image]) continue;
          const pull = operations.find((each) => each.kind === 'pullImage' && each.image === created.spec.Image);
          expect(needed).toContain(pull?.id);
        }
      }
    }),
    RUNS,
  );
});

test('a service is made or started after the services that it depends on', () => {
  fc.assert(
    fc.property(situations, ({ git, site, memory }) => {
      for (const { app, operations } of planOf(git, site, memory).apps) {
        const services = git.apps.find(({ name }) => name === app)?.services ?? [];
        const forward = operations.filter(
          (each) => each.onlyIfFailed === undefined && each.retry?.purpose !== 'previous',
        );
        for (const { name, dependsOn } of services) {
          for (const make of forward.filter((each) => each.kind === 'createContainer' && each.service === name)) {
            for (const dependency of dependsOn.filter(({ required }) => required)) {
              const starts = forward.filter(
                (each) => each.kind === 'startContainer' && each.service === dependency.service,
              );
              for (const start of starts) expect(needsOf(operations, make)).toContain(start.id);
            }
          }
        }
      }
    }),
    RUNS,
  );
});

test('a withheld operation holds back all operations that need it', () => {
  fc.assert(
    fc.property(situations, ({ git, site, memory }) => {
      const [first, ...rest] = git.apps;
      const quiet = { ...git, apps: first ? [{ ...first, suspend: true }, ...rest] : [] };
      for (const { app, operations } of planOf(quiet, site, memory).apps) {
        for (const operation of operations) {
          if (app === first?.name) expect(operation.withheld?.by ?? operation.kind).toMatch(/suspend|await/);
          for (const need of operation.after)
            if (operations[need - 1]?.withheld) expect(operation.withheld).toBeDefined();
        }
      }
    }),
    RUNS,
  );
});
