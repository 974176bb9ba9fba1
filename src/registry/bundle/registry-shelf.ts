import { createHash } from 'node:crypto';
import { SourceError } from '../../lib/errors.ts';
import type { HttpAnswer } from '../../net/http/http.ts';
import { looksLikeHtml } from '../../net/http/http-errors.ts';
import { type Layer, MANIFEST, parseArtifact } from '../oci/artifact.ts';
import { isDigest, type OciReference } from '../oci/oci-reference.ts';
import type { Registry } from '../oci/registry.ts';
import type { Shelf } from './shelf.ts';

/** Room for a hundred layers, with all that were folded into them. */
const MOST_MANIFEST = 1024 * 1024;
/** The number of times that a broken download of a layer is continued, as long as each time something comes. */
const MOST_RESUMED = 20;

const ACCEPT = { Accept: `${MANIFEST}, application/vnd.oci.image.index.v1+json` };

/** An artifact in a registry. By digest it is asked for once; by tag, a poll is one HEAD. */
export function registryShelf(
  registry: Registry,
  { tag, digest: pinned }: Pick<OciReference, 'tag' | 'digest'>,
): Shelf {
  return {
    name: registry.name,
    version: async (signal) => pinned ?? currentDigest(registry, tag, signal),
    async layers(version, signal) {
      const { text } = await readManifest(registry, version, signal);
      return parseArtifact(text, registry.name).layers;
    },
    open: (layer, signal) => download(registry, layer, signal),
    close: () => registry.close(),
  };
}

/** The digest that a tag names now. */
export async function currentDigest(registry: Registry, tag: string, signal: AbortSignal): Promise<string> {
  const head = await registry.ask(
    { method: 'HEAD', path: `manifests/${tag}`, headers: ACCEPT, accepts: [200, 405] },
    signal,
  );
  head.drop();
  const digest = head.headers['docker-content-digest'];
  if (head.status === 200 && typeof digest === 'string' && isDigest(digest)) return digest;
  return (await readManifest(registry, tag, signal)).digest;
}

/** A manifest, proven where it is asked for by its digest. */
export async function readManifest(
  registry: Registry,
  reference: string,
  signal: AbortSignal,
  accept = ACCEPT.Accept,
): Promise<{ digest: string; text: string }> {
  const answer = await registry.ask(
    { method: 'GET', path: `manifests/${reference}`, headers: { Accept: accept }, accepts: [200] },
    signal,
  );
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of answer.body) {
    bytes += chunk.length;
    if (bytes > MOST_MANIFEST)
      throw new SourceError('limit', `The manifest of ${registry.name} is longer than ${MOST_MANIFEST} bytes`);
    chunks.push(chunk);
  }
  const content = Buffer.concat(chunks);
  const digest = `sha256:${createHash('sha256').update(content).digest('hex')}`;
  requireNoPage(answer, registry, content.toString('latin1', 0, 64));
  if (isDigest(reference) && digest !== reference) {
    throw new SourceError(
      'protocol',
      `The manifest that came for ${registry.name} is not the one of digest ${reference}`,
    );
  }
  return { digest, text: content.toString('utf8') };
}

async function* download(
  registry: Registry,
  { digest, size }: Layer,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array, void, undefined> {
  const hash = createHash('sha256');
  let done = 0;
  for (let resumed = 0; done < size || resumed === 0; resumed++) {
    const from = done;
    try {
      for await (const chunk of await partFrom(registry, digest, from, signal)) {
        done += chunk.length;
        if (done > size)
          throw new SourceError('protocol', `A layer of ${registry.name} is longer than its manifest says`);
        hash.update(chunk);
        yield chunk;
      }
      if (done === from && size > 0) throw brokeOff(registry);
    } catch (error) {
      const mayGoOn = error instanceof SourceError && error.kind === 'unreachable' && !signal.aborted;
      if (!mayGoOn || done === from || resumed >= MOST_RESUMED) throw error;
    }
  }
  if (`sha256:${hash.digest('hex')}` !== digest)
    throw new SourceError('protocol', `A layer of ${registry.name} came damaged: it is not what its digest says`);
}

/** The bytes of a blob from there on, also of a registry that knows no ranges. */
async function partFrom(
  registry: Registry,
  digest: string,
  from: number,
  signal: AbortSignal,
): Promise<AsyncIterable<Uint8Array>> {
  const headers: Record<string, string> = from > 0 ? { Range: `bytes=${from}-` } : {};
  const answer = await registry.ask({ method: 'GET', path: `blobs/${digest}`, headers, accepts: [200, 206] }, signal);
  requireNoPage(answer, registry, '');
  if (answer.status === 200) return after(answer.body, from);
  if (answer.headers['content-range']?.startsWith(`bytes ${from}-`)) return answer.body;
  answer.drop();
  throw new SourceError('protocol', `${registry.name}: another part of a layer came than was asked for`);
}

async function* after(body: AsyncIterable<Uint8Array>, from: number): AsyncGenerator<Uint8Array, void, undefined> {
  let left = from;
  for await (const chunk of body) {
    const skipped = Math.min(left, chunk.length);
    left -= skipped;
    if (skipped < chunk.length) yield chunk.subarray(skipped);
  }
}

const brokeOff = (registry: Registry): SourceError =>
  new SourceError('unreachable', `${registry.name}: a layer broke off in the middle; it will be asked for again`);

function requireNoPage(answer: HttpAnswer, registry: Registry, start: string): void {
  if (!/^text\/html\b/i.test(answer.headers['content-type'] ?? '') && !looksLikeHtml(start)) return;
  answer.drop();
  throw new SourceError(
    'portal',
    `A web page came instead of ${registry.name}: the link may be behind a login page (captive portal), or that is no registry`,
  );
}
