import { SourceError } from '../../lib/errors.ts';
import type { HttpBody } from '../../net/http/http.ts';
import { MANIFEST } from './artifact.ts';
import type { Registry } from './registry.ts';

export interface Blob {
  digest: string;
  body: HttpBody;
}

/** Sends a blob that the registry does not have yet, in one piece; whether it was sent. Throws SourceError. Source: OCI distribution spec 1.1, "Pushing blobs". */
export async function uploadBlob(registry: Registry, { digest, body }: Blob, signal: AbortSignal): Promise<boolean> {
  const found = await registry.ask({ method: 'HEAD', path: `blobs/${digest}`, accepts: [200, 404] }, signal);
  found.drop();
  if (found.status === 200) return false;
  const begun = await registry.ask({ method: 'POST', path: 'blobs/uploads/', body: '', accepts: [202] }, signal);
  begun.drop();
  const { location = '' } = begun.headers;
  if (location === '' || !URL.canParse(location, begun.url.href))
    throw new SourceError('protocol', `${registry.name}: the registry does not say where to send a layer`);
  const url = new URL(location, begun.url);
  // A registry behind a proxy that ends TLS may not know that there is any.
  if (url.host === begun.url.host) url.protocol = begun.url.protocol;
  if (begun.url.protocol === 'https:' && url.protocol !== 'https:')
    throw new SourceError(
      'protocol',
      `${registry.name}: the registry wants a layer sent in the clear, to ${url.host}, which is refused`,
    );
  url.searchParams.append('digest', digest);
  const headers = { 'Content-Type': 'application/octet-stream' };
  const path = { url, namedBy: begun };
  const sent = await registry.ask({ method: 'PUT', path, headers, body, accepts: [201, 202, 204] }, signal);
  sent.drop();
  return true;
}

/** Moves a tag to a manifest whose blobs are there. Throws SourceError. */
export async function putManifest(registry: Registry, tag: string, text: string, signal: AbortSignal): Promise<void> {
  const headers = { 'Content-Type': MANIFEST };
  const answer = await registry.ask(
    { method: 'PUT', path: `manifests/${tag}`, headers, body: text, accepts: [200, 201, 202] },
    signal,
  );
  answer.drop();
}
