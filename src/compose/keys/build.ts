import { bytes, type Decoder, flag, list, map, pairs, record, scalarText, stringRecord, text } from './decode.ts';
import { extraHosts, ulimits } from './host/host-settings.ts';
import { fileUses } from './host/mounted-files.ts';

/** `provenance` and `sbom`: a boolean, or what the builder shall attest. */
const attestation: Decoder<string> = map(scalarText, ({ value }) => value ?? '');

/** `build` in its long form, which the loader makes of the short one. Read, so that what is wrong in it is told, and printed. */
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
