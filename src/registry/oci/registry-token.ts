import { SourceError } from '../../lib/errors.ts';
import type { Credentials } from '../../net/credentials/provider.ts';
import type { RegistryAuth } from '../../net/credentials/registry-auth.ts';
import { authorizationOf, type HttpAnswer, type HttpClient } from '../../net/http/http.ts';
import type { Challenge } from './challenge.ts';
import { isLoopback, type OciReference, ociUrl } from './oci-reference.ts';
import { firstBytes, registryError } from './registry-errors.ts';

/** Credentials as they are configured for a Git server, or as an image pull finds them. */
export type RegistryCredentials = Credentials | RegistryAuth;

const MOST_BYTES = 64 * 1024;

/**
 * A token from the server that a registry names for it. The credentials go there and nowhere else, and never in the clear unless all of it is on this machine. Source:
 * distribution.github.io/distribution/spec/auth/token and /oauth. Throws SourceError.
 */
export async function registryToken(
  client: HttpClient,
  challenge: Challenge,
  /** The answer with the challenge. */
  namedBy: HttpAnswer,
  options: { reference: OciReference; actions: string; credentials: RegistryCredentials | undefined },
  signal: AbortSignal,
): Promise<string> {
  const { reference, credentials } = options;
  const what = ociUrl(reference);
  const realm = challenge.parameters.get('realm') ?? '';
  const url = URL.canParse(realm) ? new URL(realm) : undefined;
  if (!url || !/^https?:$/.test(url.protocol))
    throw new SourceError('protocol', `The registry of ${what} does not say where its tokens are given out`);
  if (url.protocol === 'http:' && !(isLoopback(url.host) && isLoopback(reference.registry)))
    throw new SourceError(
      'auth',
      `The registry of ${what} wants its tokens asked for in the clear, at ${url.host}, which is refused`,
    );
  url.username = '';
  url.password = '';
  const service = challenge.parameters.get('service');
  const asked = new URLSearchParams({
    ...(service !== undefined && { service }),
    scope: challenge.parameters.get('scope') || `repository:${reference.repository}:${options.actions}`,
  });
  const answer =
    credentials && 'identitytoken' in credentials
      ? await client.exchange(
          {
            method: 'POST',
            url: url.href,
            namedBy,
            headers: { 'Content-Type': 'application/x-www-form-urlencoded' },
            body: `${asked}&${new URLSearchParams({ grant_type: 'refresh_token', client_id: 'holdfast', refresh_token: credentials.identitytoken })}`,
          },
          undefined,
          signal,
        )
      : await client.exchange(
          { method: 'GET', url: withQuery(url, asked), headers: {}, namedBy },
          credentials && authorizationOf(credentials),
          signal,
        );
  if (answer.status !== 200) throw await registryError(answer, what, credentials !== undefined);
  const token = tokenOf(await firstBytes(answer, MOST_BYTES));
  if (token === undefined) throw new SourceError('protocol', `${url.host} gives no token for ${what}`);
  return token;
}

function withQuery(url: URL, asked: URLSearchParams): string {
  const full = new URL(url);
  for (const [name, value] of asked) full.searchParams.append(name, value);
  return full.href;
}

function tokenOf(text: string): string | undefined {
  try {
    const { token, access_token } = JSON.parse(text) as { token?: unknown; access_token?: unknown };
    const found = token ?? access_token;
    // It becomes a header.
    return typeof found === 'string' && /^[\x21-\x7e]+$/.test(found) ? found : undefined;
  } catch {
    // A parser's own words would quote the token.
    return undefined;
  }
}
