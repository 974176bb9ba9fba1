import { expect, test } from '@jest/globals';
import * as fc from 'fast-check';
import type { Operation } from '../../../src/model/plan.ts';
import type { ContainerSpec } from '../../../src/model/spec.ts';
import type { ActualContainer, DesiredSite } from '../../../src/model/state.ts';
import { slotKey } from '../../../src/model/subject.ts';
import { agentOptions } from '../../../src/plan/facts/policy.ts';
import { plan } from '../../../src/plan/plan.ts';
import { actualOf, settled } from '../../support/site/site-builder.ts';
import { desiredSites } from './plan-arbitraries.ts';

/** A container with several networks is connected to some of them after it was made. */
const REPLACED = ['createContainer', 'renameContainer', 'startContainer', 'stopContainer', 'removeContainer'];

/** One thing done to a running container, and the operations that it takes to undo it. */
const changes: [string, (container: ActualContainer) => Partial<ActualContainer>, string[]][] = [
  ['its name', () => ({ name: 'odd' }), ['renameContainer']],
  ['paused', () => ({ status: 'paused' }), ['unpauseContainer']],
  ['stopped', () => ({ status: 'exited', exitCode: 137 }), ['startContainer']],
  ['dead', () => ({ status: 'dead' }), REPLACED.filter((kind) => kind !== 'stopContainer')],
  ...(
    [
      ['user', { User: 'mallory' }, REPLACED],
      ['tty', { Tty: true }, REPLACED],
      ['a variable', { Env: { A: 'b' } }, REPLACED],
      ['a label', { Labels: { a: 'b' } }, REPLACED],
      ['a capability', { CapAdd: ['NET_ADMIN'] }, REPLACED],
      ['its command', { Cmd: ['other'] }, REPLACED],
      [
        'a device',
        { Devices: [{ PathOnHost: '/dev/a', PathInContainer: '/dev/a', CgroupPermissions: 'rwm' }] },
        REPLACED,
      ],
      ['the restart policy', { RestartPolicy: { Name: 'unless-stopped' } }, ['updateContainer']],
      ['a limit that Git does not name', { CpuShares: 2 }, REPLACED],
    ] as [string, Partial<ContainerSpec>, string[]][]
  ).map(([what, spec, kinds]): [string, (container: ActualContainer) => Partial<ActualContainer>, string[]] => [
    what,
    (container) => ({ spec: { ...container.spec, ...spec } }),
    kinds,
  ]),
];

test.each(changes)('one thing changed gives just its operations: %s', (_what, change, kinds) => {
  fc.assert(
    fc.property(desiredSites, fc.nat(20), (git, which) => {
      const actual = actualOf(git);
      const runs = actual.containers.filter(({ spec }) => spec.Cmd?.[0] === 'run');
      fc.pre(runs.length > 0);
      const chosen = runs[which % runs.length] as ActualContainer;
      const { app, service, number } = chosen.identity;
      const site = {
        ...actual,
        containers: actual.containers.map((each) => (each === chosen ? { ...each, ...change(each) } : each)),
      };
      const { apps } = plan(git, site, settled(git), 0, agentOptions);
      // A gate only looks.
      const operations = apps.flatMap((each) => each.operations).filter(({ kind }) => kind !== 'await');
      const [own, others] = [true, false].map((isOwn) =>
        operations.filter(
          ({ subject }) =>
            subject.kind === 'slot' && (slotKey(subject) === slotKey({ app, service, number })) === isOwn,
        ),
      ) as [Operation[], Operation[]];
      const found = new Set(own.map(({ kind }) => kind));
      if (found.has('createContainer')) found.delete('connectNetwork');
      expect([...found].sort()).toEqual([...kinds].sort());
      // Those that a new container concerns: what is restarted with it, and what lives in its network.
      const concerned = dependents(git, app, service);
      for (const { service: other } of others) expect(concerned).toContain(other);
      if (!kinds.includes('createContainer')) expect(operations).toEqual(own);
    }),
    { numRuns: 40 },
  );
});

function dependents(git: DesiredSite, app: string, service: string): Set<string> {
  const found = new Set([service]);
  const services = git.apps.find(({ name }) => name === app)?.services ?? [];
  for (const name of found) {
    for (const other of services)
      if (
        other.dependsOn.some((each) => each.service === name && each.restart) ||
        other.containers[0]?.spec.NetworkMode === `service:${name}`
      )
        found.add(other.name);
  }
  found.delete(service);
  return found;
}
