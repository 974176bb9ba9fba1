import { SourceError } from '../../lib/errors.ts';
import { excerpt } from '../../lib/text/printable.ts';
import type { HttpAnswer } from '../wire/http.ts';
import { statusError, wrongType } from '../wire/http-errors.ts';

/** Far more than a registry says about an error. */
const MOST_WORDS = 8 * 1024;

/** The sentence for an answer of a registry that is no success. `what` is asked about, as `oci://host/fleet:main`. Reads the answer. */
export async function registryError(answer: HttpAnswer, what: string, hadCredentials: boolean): Promise<SourceError> {
  const { status, headers, url } = answer;
  const text = await firstBytes(answer, MOST_WORDS);
  const said = wordsOf(text);
  if (status === 401) {
    return new SourceError(
      'auth',
      hadCredentials
        ? `${url.host} did not accept the credentials for ${what} (HTTP 401)`
        : `${url.host} asks for credentials for ${what}, and none are known: docker login ${url.host} keeps some, in DOCKER_CONFIG or ~/.docker (HTTP 401)`,
    );
  }
  const general = statusError(status, headers, url, hadCredentials ? 'given' : 'none');
  if (status === 403 && general.kind === 'auth')
    return new SourceError(
      'auth',
      `${what} may not be used ${hadCredentials ? 'with these' : 'without'} credentials (HTTP 403)${said}`,
    );
  if (status === 404)
    return new SourceError(
      'notFound',
      `There is no artifact ${what}, or it may not be seen with these credentials (HTTP 404)`,
    );
  if (status === 200)
    return wrongType(
      (headers['content-type'] ?? '').split(';')[0]?.trim().toLowerCase() ?? '',
      text,
      'as a registry does',
    );
  if (status < 400 || (status < 500 && status !== 403 && status !== 407 && status !== 429))
    return new SourceError('protocol', `${url.host} refuses ${what} (HTTP ${status})${said}`);
  return general;
}

/** Source: OCI distribution spec 1.1, "Error codes". */
function wordsOf(text: string): string {
  try {
    const { errors } = JSON.parse(text) as { errors?: { code?: unknown; message?: unknown }[] };
    const [first] = Array.isArray(errors) ? errors : [];
    const words = [first?.code, first?.message].filter((word) => typeof word === 'string').join(': ');
    return words === '' ? '' : `: ${excerpt(words)}`;
  } catch {
    // No JSON, no words.
    return '';
  }
}

/** As much of an answer as may be read, and no more of it. */
export async function firstBytes({ body }: HttpAnswer, most: number): Promise<string> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of body) {
    chunks.push(chunk);
    bytes += chunk.length;
    if (bytes >= most) break;
  }
  return Buffer.concat(chunks).toString('utf8', 0, most);
}
