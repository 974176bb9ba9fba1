import { posix } from 'node:path';
import { mapValues } from '../../lib/maps/map-values.ts';
import type { Build } from '../keys/build.ts';
import { isRemote } from '../load/remote.ts';
import type { Lookup } from '../load/values/template.ts';
import { fileUse, limits } from './details.ts';
import { type Json, type Printers, printKeys, size, unlessEmpty } from './printer.ts';

/** The context for printing a `build`. */
interface BuildContext {
  lookup: Lookup;
  /** The absolute base folder of build contexts. */
  projectDirectory: string;
}

const place = (written: string, { projectDirectory }: BuildContext): string =>
  isRemote(written) || /^[^/]*:/.test(written) || /^[/~]/.test(written)
    ? written
    : posix.resolve(projectDirectory, written);

const BUILD: Printers<Build, BuildContext> = {
  context: () => undefined,
  dockerfile: unlessEmpty,
  dockerfile_inline: unlessEmpty,
  entitlements: unlessEmpty,
  args: (all, { lookup }) =>
    unlessEmpty(
      Object.fromEntries(
        all.flatMap(({ name, value }): [string, Json][] => {
          const known = value ?? lookup(name)?.text;
          return known === undefined ? [] : [[name, known]];
        }),
      ),
    ),
  ssh: unlessEmpty,
  provenance: unlessEmpty,
  sbom: unlessEmpty,
  labels: unlessEmpty,
  cache_from: unlessEmpty,
  cache_to: unlessEmpty,
  no_cache: unlessEmpty,
  additional_contexts: (all, context) => unlessEmpty(mapValues(all, (written) => place(written, context))),
  pull: unlessEmpty,
  extra_hosts: (hosts) => unlessEmpty(hosts.map((each) => each.replace(':', '='))),
  isolation: unlessEmpty,
  network: unlessEmpty,
  target: unlessEmpty,
  secrets: (uses) => unlessEmpty(uses.map((use) => fileUse(use, ''))),
  shm_size: size,
  tags: unlessEmpty,
  ulimits: limits,
  platforms: unlessEmpty,
  privileged: unlessEmpty,
};

/** Prints `build` with the defaults that Compose adds. */
export function printBuild(value: Build, context: BuildContext): Json {
  return {
    context: place(value.context || '.', context),
    ...(value.dockerfile === undefined && value.dockerfile_inline === undefined && { dockerfile: 'Dockerfile' }),
    ...printKeys(value, BUILD, context),
  };
}
