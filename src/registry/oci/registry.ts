import { SourceError } from '../../lib/errors.ts';
import {
  authorizationOf,
  type HttpAnswer,
  type HttpBody,
  type HttpClient,
  type HttpExchange,
} from '../../net/http/http.ts';
import { parseChallenges } from './challenge.ts';
import { isLoopback, type OciReference, ociUrl, registryHost } from './oci-reference.ts';
import { registryError } from './registry-errors.ts';
import { type RegistryCredentials, registryToken } from './registry-token.ts';

export interface RegistryOptions {
  client: HttpClient;
  reference: OciReference;
  actions: 'pull' | 'pull,push';
  /** Called each time that the registry asks. Throws SourceError. */
  credentials: (asked: { refused: boolean }, signal: AbortSignal) => Promise<RegistryCredentials | undefined>;
}

export interface RegistryRequest {
  method: HttpExchange['method'];
  /** Below the repository, as `manifests/main`; or a whole URL, and the answer in which the registry gave it. */
  path: string | { url: URL; namedBy: HttpAnswer };
  headers?: Record<string, string>;
  body?: HttpBody;
  /** Statuses that are no error. */
  accepts: readonly number[];
}

/** One repository of a registry. Credentials are sent when it asks, and then remembered until it asks again. */
export interface Registry {
  /** For people. */
  name: string;
  ask(request: RegistryRequest, signal: AbortSignal): Promise<HttpAnswer>;
  close(): void;
}

/** Source: OCI distribution spec 1.1. `ask` throws SourceError. */
export function registryOf({ client, reference, actions, credentials }: RegistryOptions): Registry {
  const host = registryHost(reference);
  const name = ociUrl(reference);
  let base: string | undefined = isLoopback(host) ? undefined : `https://${host}`;
  let authorization: string | undefined;

  const urlOf = (path: RegistryRequest['path'], origin: string): string =>
    typeof path === 'string' ? `${origin}/v2/${reference.repository}/${path}` : path.url.href;

  const send = async (request: RegistryRequest, signal: AbortSignal): Promise<HttpAnswer> => {
    const { method, path, headers = {}, body } = request;
    const exchange = (origin: string): Promise<HttpAnswer> => {
      const url = urlOf(path, origin);
      // An upload may be sent elsewhere, to a server that must not see the credentials.
      const own = new URL(url).origin === origin ? authorization : undefined;
      return client.exchange(
        {
          method,
          url,
          headers: { ...AGENT, ...headers },
          body,
          namedBy: typeof path === 'string' ? undefined : path.namedBy,
        },
        own,
        signal,
      );
    };
    if (base !== undefined) return exchange(base);
    try {
      const answer = await exchange(`https://${host}`);
      base = `https://${host}`;
      return answer;
    } catch (error) {
      if (!isPlain(error)) throw error;
      const answer = await exchange(`http://${host}`);
      base = `http://${host}`;
      return answer;
    }
  };

  const introduce = async (answer: HttpAnswer, signal: AbortSignal): Promise<boolean> => {
    const challenges = parseChallenges(answer.headers['www-authenticate'] ?? '');
    const bearer = challenges.find(({ scheme }) => scheme === 'bearer');
    const basic = challenges.find(({ scheme }) => scheme === 'basic');
    const who = await credentials({ refused: authorization !== undefined }, signal);
    if (who && 'bearer' in who) authorization = authorizationOf(who);
    else if (bearer)
      authorization = `Bearer ${await registryToken(client, bearer, answer, { reference, actions, credentials: who }, signal)}`;
    else if (basic && who && 'username' in who) authorization = authorizationOf(who);
    else authorization = undefined;
    return who !== undefined;
  };

  return {
    name,
    async ask(request, signal) {
      let answer = await send(request, signal);
      let hadCredentials = authorization !== undefined;
      // A server behind a redirect may ask for anything: credentials go to the registry alone.
      if (answer.status === 401 && answer.url.origin !== base) {
        answer.drop();
        throw new SourceError(
          'auth',
          `${name} redirects to ${answer.url.host}, which asks for credentials: they are given to no other server than the registry (HTTP 401)`,
        );
      }
      if (answer.status === 401) {
        const before = authorization;
        hadCredentials = await introduce(answer, signal).catch((error: unknown) => {
          answer.drop();
          throw error;
        });
        if (authorization !== undefined && authorization !== before) {
          answer.drop();
          answer = await send(request, signal);
        }
      }
      if (request.accepts.includes(answer.status)) return answer;
      if (answer.status === 401) authorization = undefined;
      throw await registryError(answer, name, hadCredentials);
    },
    close: () => client.close(),
  };
}

const AGENT = { 'User-Agent': 'holdfast' };

/** True if the server that answered a TLS handshake does not speak TLS. */
const isPlain = (error: unknown): boolean =>
  error instanceof SourceError &&
  /^(EPROTO|ERR_SSL_(WRONG_VERSION_NUMBER|PACKET_LENGTH_TOO_LONG|HTTP_REQUEST))/.test(
    (error.cause as NodeJS.ErrnoException | undefined)?.code ?? '',
  );
