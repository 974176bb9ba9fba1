import { differences, endpointDifferences } from '../../../src/container/compare.ts';
import { specHash } from '../../../src/container/labels/hash.ts';
import { primaryNetwork } from '../../../src/container/networks.ts';
import type { Engine } from '../../../src/engine/engine.ts';
import type { ContainerSpec } from '../../../src/model/spec.ts';
import type { ActualSite } from '../../../src/model/state.ts';
import { slotSubject } from '../../../src/model/subject.ts';

type Drive = <T>(work: Promise<T>) => Promise<T>;

/** Creates a container as a plan would: in its networks, under the labels of ownership. Resolves to its ID. */
export async function bringAbout(
  engine: Engine,
  name: string,
  spec: ContainerSpec,
  run: Drive,
  site = 'site',
  joins: Record<string, string> = {},
  inherit: Record<string, string> = {},
): Promise<string> {
  const { can } = await run(engine.facts());
  const options = {
    app: 'app',
    resolve: (ref: object) => (ref as { id: string }).id,
    signal: new AbortController().signal,
  };
  const base = {
    id: 1,
    after: [],
    reason: 'a test',
    subject: slotSubject({ app: 'app', service: name, number: 1 }),
    cause: 'revision' as const,
  };
  const labels = {
    specHash: specHash(spec),
    filesDigest: '',
    contentDigest: '',
    hooksDigest: '',
    hidden: [],
    dependsOn: '',
    workingDir: '/srv/app',
    oneoff: false as const,
  };
  const identity = { site, app: 'app', service: name, number: 1 };
  const { containerId = '' } = await run(
    engine.perform(
      {
        ...base,
        kind: 'createContainer',
        name,
        identity,
        spec,
        labels,
        inherit,
        joins: Object.fromEntries(Object.entries(joins).map(([mode, id]) => [mode, { name: mode, id }])),
      },
      options,
    ),
  );
  const container = { name, id: containerId };
  for (const [network, endpoint] of Object.entries(spec.Networks ?? {})) {
    if (can.networksAtCreate || network === primaryNetwork(spec.Networks)) continue;
    await run(engine.perform({ ...base, kind: 'connectNetwork', container, network, endpoint }, options));
  }
  return containerId;
}

/** All differences between what was asked and what is, in words. */
export function allDifferences(site: ActualSite, id: string, spec: ContainerSpec): string[] {
  const found = site.containers.find((container) => container.id === id);
  if (!found) throw new Error(`container ${id} is not observed; problems: ${JSON.stringify(site.problems)}`);
  return [
    ...differences(spec, found.spec, site.images[found.imageId]?.config, site.engine.can).map(({ text }) => text),
    ...endpointDifferences(spec.Networks, found.spec.Networks, spec.Hostname).map(({ text }) => text),
  ];
}
