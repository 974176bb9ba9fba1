import { createReadStream } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Clone, openClone } from '../../../git/clone/clone.ts';
import { InputError, SourceError } from '../../../lib/errors.ts';
import { shortRevision } from '../../../lib/text/revision.ts';
import { type BundleHeader, openBundle } from '../../../registry/bundle/bundle-header.ts';
import { currentDigest, readManifest, registryShelf } from '../../../registry/bundle/registry-shelf.ts';
import { EMPTY, encodeArtifact, type Layer, parseArtifact } from '../../../registry/oci/artifact.ts';
import { isOci, type OciReference, ociUrl, parseOci } from '../../../registry/oci/oci-reference.ts';
import { openRegistry } from '../../../registry/oci/open-registry.ts';
import type { Registry } from '../../../registry/oci/registry.ts';
import { putManifest, uploadBlob } from '../../../registry/oci/registry-upload.ts';
import { writeBundle } from '../../../registry/push/bundle-file.ts';
import { type Before, planLayers, sameRefs } from '../../../registry/push/push-plan.ts';
import { originOf, type PushedRef, pushedRefs } from '../../../registry/push/pushed-refs.ts';
import { BEACONS, beaconRef } from '../../../trust/beacon.ts';
import { defineCommand, some } from '../../command.ts';
import { EXIT } from '../../exit.ts';
import { text } from '../../options/kinds.ts';
import { onOff, repeated } from '../../options/option.ts';
import { print } from '../../output/terminal.ts';
import { sourceOptionsFrom } from '../../settings/source-settings.ts';

const NOTES = `Sites without a --revision of their own follow the first --revision. Beacons of the revisions are sent as well. Credentials are those of
\`docker login\` (DOCKER_CONFIG, credential helpers). Registries are asked by HTTPS; one on this machine may speak plain HTTP.`;

/** Sends Git bundles: what is new on top of what the registry holds. */
export const command = defineCommand({
  argument: some('where', 'a clone of the config repo (default: the current folder), and then oci://REGISTRY/NAME:TAG'),
  usage: '[options] [folder] oci://REGISTRY/NAME:TAG',
  options: {
    revision: repeated(text('ref'), 'a branch or a tag (default: the current branch)'),
    tags: onOff('send all tags as well, for sites that follow a range of versions'),
    squash: onOff('fold the layers in the registry into one; sites that have them do not download it'),
    force: onOff('overwrite the tag even if commits would be lost, or if it is something else than a config repo'),
  },
  notes: NOTES,
  exitCodes: { 0: 'the registry holds it', 2: 'bad input, or Git or the registry failed' },
  async run(words, options) {
    const [dir, reference] = parseWords(words);
    const clone = await openClone(dir);
    const { limits, ...settings } = await sourceOptionsFrom(process.env);
    const registry = openRegistry(reference, 'pull,push', limits, settings);
    const scratch = await mkdtemp(join(tmpdir(), 'holdfast-'));
    const { signal } = new AbortController();
    try {
      const from = { clone, dir };
      const refs = await pushedRefs(from, options.revision, { tags: options.tags, companionOf: beaconRef });
      const before = await readBefore(registry, reference, options.force, signal);
      if (before && !options.squash && sameRefs(before.refs, refs)) {
        print([`${ociUrl(reference)} holds that already: ${summary(refs)}`, before.digest]);
        return EXIT.ok;
      }
      const bundles = await planLayers(clone, refs, before, {
        ...options,
        isReplaced: (name) => name.startsWith(BEACONS),
      });
      const layers: Layer[] = [...bundles.kept];
      let sent = 0;
      for (const [index, { replaces, ...content }] of bundles.made.entries()) {
        const file = await writeBundle(from, join(scratch, `${index}.bundle`), content);
        const body = { length: file.size, open: () => createReadStream(file.path) };
        if (await uploadBlob(registry, { digest: file.digest, body }, signal)) sent += file.size;
        layers.push({ digest: file.digest, size: file.size, replaces });
      }
      await uploadBlob(registry, { digest: EMPTY.digest, body: Buffer.from(EMPTY.data, 'base64').toString() }, signal);
      await requireUnmoved(registry, reference, before, signal);
      const text = encodeArtifact({ layers, annotations: await annotations(clone, refs) });
      await putManifest(registry, reference.tag, text, signal);
      const { digest } = await readManifest(registry, reference.tag, signal);
      print([`${ociUrl(reference)} holds ${summary(refs)} now`, digest]);
      print(
        `sent ${sent} bytes; ${layers.length === 1 ? 'one layer' : `${layers.length} layers`}, ${layers.reduce((sum, { size }) => sum + size, 0)} bytes in all`,
      );
      return EXIT.ok;
    } finally {
      registry.close();
      clone.close();
      await rm(scratch, { recursive: true, force: true });
    }
  },
});

function parseWords(words: readonly string[]): [dir: string, reference: OciReference] {
  const [first = '', second] = words;
  const url = second ?? first;
  if (words.length > 2 || !isOci(url))
    throw InputError.of('name the registry: holdfast push [folder] oci://REGISTRY/NAME:TAG');
  const reference = parseOci(url);
  if (reference.digest !== undefined)
    throw InputError.of('the digest follows from the content that is pushed: name a tag');
  return [second === undefined ? '.' : first, reference];
}

async function readBefore(
  registry: Registry,
  reference: OciReference,
  force: boolean,
  signal: AbortSignal,
): Promise<Before | undefined> {
  const digest = await digestNow(registry, reference, signal);
  if (digest === undefined) return undefined;
  const shelf = registryShelf(registry, reference);
  const refsOfLayer = async (layer: Layer): Promise<BundleHeader['refs']> => {
    const { header, leave } = await openBundle(shelf.open(layer, signal));
    await leave();
    return header.refs;
  };
  try {
    const { text } = await readManifest(registry, digest, signal);
    const { layers } = parseArtifact(text, registry.name);
    const last = layers.at(-1);
    return last && { digest, layers, refs: await refsOfLayer(last), refsOf: refsOfLayer };
  } catch (error) {
    if (!(error instanceof SourceError) || (error.kind !== 'protocol' && error.kind !== 'notFound')) throw error;
    if (force) return undefined;
    throw InputError.of(error.message, 'push to another tag, or replace what is there with --force');
  }
}

async function digestNow(registry: Registry, { tag }: OciReference, signal: AbortSignal): Promise<string | undefined> {
  try {
    return await currentDigest(registry, tag, signal);
  } catch (error) {
    if (error instanceof SourceError && error.kind === 'notFound') return undefined;
    throw error;
  }
}

async function requireUnmoved(
  registry: Registry,
  reference: OciReference,
  before: Before | undefined,
  signal: AbortSignal,
): Promise<void> {
  if (!before || (await digestNow(registry, reference, signal)) === before.digest) return;
  throw InputError.of(`somebody else pushed to ${ociUrl(reference)} meanwhile`, 'push again');
}

async function annotations(clone: Clone, refs: readonly PushedRef[]): Promise<Record<string, string>> {
  const source = await originOf(clone);
  return {
    'org.opencontainers.image.created': new Date().toISOString(),
    'org.opencontainers.image.revision': refs.find(({ name }) => name === 'HEAD')?.commit ?? '',
    ...(source !== undefined && { 'org.opencontainers.image.source': source }),
  };
}

/** `main at 1234567890ab, 3 tags, a beacon`. */
function summary(refs: readonly PushedRef[]): string {
  const count = (prefix: string, one: string): string[] => {
    const found = refs.filter(({ name }) => name.startsWith(prefix)).length;
    return found === 0 ? [] : [found === 1 ? `a ${one}` : `${found} ${one}s`];
  };
  const branches = refs.filter(({ name }) => name.startsWith('refs/heads/'));
  return [
    ...branches.map(({ name, commit }) => `${name.slice('refs/heads/'.length)} at ${shortRevision(commit)}`),
    ...count('refs/tags/', 'tag'),
    ...count(BEACONS, 'beacon'),
  ].join(', ');
}
