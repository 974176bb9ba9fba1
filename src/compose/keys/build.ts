import { bytes, type Decoder, flag, list, map, pairs, scalarText, stringRecord, text } from './decode.ts';
import { extraHosts, ulimits } from './host/host-settings.ts';
import { fileUses } from './host/mounted-files.ts';
import { record } from './record.ts';

/** Reads `provenance` and `sbom`: a boolean, or settings for the builder. */
const attestation: Decoder<string> = map(scalarText, ({ value }) => value ?? '');

/** Reads `build` in its long form; the loader expands the short form. It has no effect, but its mistakes are reported and it is printed. */
export const build = record('build', {
  context: text,
  dockerfile: text,
  dockerfile_inline: text,
  entitlements: list(text),
  args: pairs,
  ssh: stringRecord,
  provenance: attestation,
  sbom: attestation,
  labels: stringRecord,
  cache_from: list(text),
  cache_to: list(text),
  no_cache: flag,
  additional_contexts: stringRecord,
  pull: flag,
  extra_hosts: extraHosts,
  isolation: text,
  network: text,
  target: text,
  secrets: fileUses('/run/secrets'),
  shm_size: bytes,
  tags: map(list(text), (all) => [...new Set(all)]),
  ulimits,
  platforms: map(list(text), (all) => [...new Set(all)]),
  privileged: flag,
});

export type Build = NonNullable<ReturnType<typeof build>>;
