import { SourceError } from '../../lib/errors.ts';
import { excerpt } from '../../lib/text/printable.ts';
import type { HttpAnswer } from '../../net/http/http.ts';
import { generalStatusError, looksLikeHtml } from '../../net/http/http-errors.ts';

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
  const general = generalStatusError(status, headers, url);
  if (general) return general;
  if (status === 403)
    return new SourceError(
      'auth',
      `${what} may not be used ${hadCredentials ? 'with these' : 'without'} credentials (HTTP 403)${said}`,
    );
  if (status === 404)
    return new SourceError(
      'notFound',
      `There is no artifact ${what}, or it may not be seen with these credentials (HTTP 404)`,
    );
  if (status !== 200) return new SourceError('protocol', `${url.host} refuses ${what} (HTTP ${status})${said}`);
  const type = (headers['content-type'] ?? '').split(';')[0]?.trim().toLowerCase() ?? '';
  if (type === 'text/html' || looksLikeHtml(text)) return new SourceError('portal', WEB_PAGE);
  const got = type === '' ? 'an answer of no type' : `an answer of type ${excerpt(type)}`;
  return new SourceError('protocol', `The server does not speak as a registry does: ${got} came`);
}

const WEB_PAGE =
  'A web page came instead of a registry’s answer: the link may be behind a login page (captive portal), or the URL is not that of a registry';

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
