import { expect, test } from '@jest/globals';
import { emptyMemory, type Memory } from '../../../../src/model/memory.ts';
import type { Operation } from '../../../../src/model/plan.ts';
import type { DesiredSite } from '../../../../src/model/state.ts';
import { agentOptions } from '../../../../src/plan/facts/policy.ts';
import { plan } from '../../../../src/plan/plan.ts';
import { renderJson } from '../../../../src/plan/print/render.ts';
import {
  actualOf,
  app,
  automated,
  bare,
  but,
  butSpec,
  service,
  settled,
  site,
} from '../../../support/site/site-builder.ts';
import { planLines } from '../../../support/values/plan-lines.ts';

/** An app whose drift is only reported. */
const watched = (image = 'web:1', Memory?: number): DesiredSite => {
  const wanted = app('shop', service('web', { Image: image, ...(Memory && { Memory }) }));
  return site({ ...wanted, sync: automated({ selfHeal: false }) });
};
const git = watched();
test('a job that ended with an error is started again, unless Git says to leave it', () => {
  const ended = (options: { leavesFailed?: true }, Name: 'no' | 'always' = 'no') => {
    const jobs = site(app('shop', service('web', { RestartPolicy: { Name } }, options)));
    return planLines({
      git: jobs,
      memory: settled(jobs),
      site: but(actualOf(jobs), 'shop-web-1', { status: 'exited', exitCode: 3 }),
    });
  };
  expect(ended({})).toEqual(['1 start shop-web-1: exited with 3 (drift)']);
  expect(ended({ leavesFailed: true })).toEqual([
    'warning: web: ended with 3 and is not started again (x-holdfast.failedJob: leave)',
  ]);
  expect(ended({ leavesFailed: true }, 'always')).toEqual(['1 start shop-web-1: exited with 3 (drift)']);
});

const stopped = but(actualOf(git), 'shop-web-1', { status: 'exited', exitCode: 137 });

test('without selfHeal what somebody did to a converged app is reported and left', () => {
  const memory = settled(git);
  expect(planLines({ git, memory, site: stopped })).toEqual([
    '1 start shop-web-1: exited with 137 (drift) (withheld by selfHeal)',
  ]);
  expect(planLines({ git, memory, site: but(actualOf(git), 'shop-web-1', undefined) })).toEqual([
    '1 create shop-web-1: gone (drift) (withheld by selfHeal)',
    '2 start shop-web-1: new (after 1; withheld by selfHeal)',
  ]);
  expect(planLines({ git, memory, site: butSpec(actualOf(git), 'shop-web-1', { User: 'mallory' }) })[0]).toBe(
    '1 create shop-web-1.new: replaces shop-web-1: user: mallory, wanted none (drift) (withheld by selfHeal)',
  );
});

test('without selfHeal a new revision is carried out all the same', () => {
  const actual = { ...actualOf(watched()), images: bare(watched('web:2')).images };
  const lines = planLines({ git: watched('web:2'), memory: settled(git), site: actual });
  expect(lines[0]).toBe('1 create shop-web-1.new: replaces shop-web-1: image: web:1, wanted web:2');
  expect(lines.join()).not.toContain('withheld');
});

test('without selfHeal an interrupted first create or replacement is finished', () => {
  const created = but(actualOf(git), 'shop-web-1', { status: 'created', startedAt: '' });
  expect(planLines({ git, site: created })).toEqual(['1 start shop-web-1: created but never started']);

  const next = watched('web:2');
  const old = but(actualOf(git), 'shop-web-1', { status: 'exited' }).containers;
  const [successor] = but(actualOf(next), 'shop-web-1', {
    id: 'n',
    name: 'shop-web-1.0a1b2c3d',
    status: 'created',
  }).containers;
  const actual = { ...actualOf(next), containers: [...old, successor as (typeof old)[0]] };
  expect(planLines({ git: next, site: actual, memory: settled(git) }).join()).not.toContain('withheld');
  expect(planLines({ git: next, site: actual }).join()).not.toContain('withheld');
});

test('a commit that takes back what was changed in place is a new revision, though the container was made for it', () => {
  const larger = watched('web:1', 2 ** 27);
  const smaller = watched('web:1', 2 ** 26);
  const actual = butSpec(actualOf(smaller), 'shop-web-1', { Memory: 2 ** 27 });
  expect(planLines({ git: smaller, memory: settled(larger), site: actual })).toEqual([
    '1 update shop-web-1: memory: 128m, wanted 64m',
  ]);
  // Somebody did that, while all was as Git says.
  expect(planLines({ git: smaller, memory: settled(smaller), site: actual })).toEqual([
    '1 update shop-web-1: memory: 128m, wanted 64m (withheld by selfHeal)',
  ]);
  // Nothing is remembered: the label says that it was made for just this.
  expect(planLines({ git: smaller, memory: emptyMemory(), site: actual })).toEqual([
    '1 update shop-web-1: memory: 128m, wanted 64m (withheld by selfHeal)',
  ]);
});

test('a container stopped by hand is drift, also while the rest of a revision is still failing', () => {
  expect(planLines({ git, memory: settled(watched('web:2')), site: stopped })).toEqual([
    '1 start shop-web-1: exited with 137 (drift) (withheld by selfHeal)',
  ]);
});

test('with selfHeal all of it is mended', () => {
  const healing = site(app('shop', service('web')));
  expect(planLines({ git: healing, memory: settled(healing), site: stopped })).toEqual([
    '1 start shop-web-1: exited with 137 (drift)',
  ]);
});

test('without automated everything is only reported; a person at a laptop applies it', () => {
  const reported = site({ ...git.apps[0], sync: {} } as (typeof git.apps)[0]);
  const lines = planLines({ git: reported, site: bare(reported) });
  expect(lines).toHaveLength(3);
  for (const line of lines) expect(line).toContain('withheld by automated');
  const byHand = planLines({ git: reported, site: bare(reported), options: { byHand: true } });
  expect(byHand.join()).not.toContain('withheld');
});

test('a suspended app is left as it is, whatever happens to it', () => {
  const suspended = site({ ...app('shop', service('web')), suspend: true });
  expect(planLines({ git: suspended, memory: settled(suspended), site: stopped })).toEqual([
    '1 start shop-web-1: exited with 137 (drift) (withheld by suspend)',
  ]);
});

test('the same input gives the same plan, in whatever order the engine lists its containers', () => {
  const wanted = site(app('shop', service('web', { Image: 'web:2' }, { replicas: 3 }), service('db')));
  const actual = actualOf(site(app('shop', service('web', {}, { replicas: 3 }), service('old'), service('older'))));
  const turned = { ...actual, containers: [...actual.containers].reverse() };
  const of = (given: typeof actual) => JSON.stringify(plan(wanted, given, emptyMemory(), 0, agentOptions));
  expect(of(turned)).toBe(of(actual));
});

test('a program reads the cause of each operation, and what it is about', () => {
  const git = site(app('shop', service('web')));
  const gone = { ...actualOf(git), containers: [] };
  const operationsFor = (memory: Memory) => {
    const made = JSON.parse(renderJson(plan(git, gone, memory, 0, agentOptions)));
    return made.apps[0].operations.map(({ kind, cause, subject }: Operation) => ({ kind, cause, subject }));
  };
  const subject = { kind: 'slot', app: 'shop', service: 'web', number: 1 };
  expect(operationsFor(settled(git))).toEqual([
    { kind: 'createContainer', cause: 'drift', subject },
    { kind: 'startContainer', cause: 'drift', subject },
  ]);
  expect(operationsFor(emptyMemory())[0]).toMatchObject({ cause: 'revision' });
});
