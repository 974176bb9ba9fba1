import type { IncomingMessage } from 'node:http';
import * as http from 'node:http';
import * as https from 'node:https';
import type { Clock } from '../lib/clock.ts';
import { SourceError } from '../lib/errors.ts';
import { Guard } from './guard.ts';
import { httpAgents, type TlsFiles } from './http-agents.ts';
import { statusError, wrongType } from './http-errors.ts';
import type { SourceLimits } from './limits.ts';
import { type ProxySettings, proxyFor, proxyHeaders } from './proxy.ts';
import type { Credentials, CredentialsProvider } from './remote.ts';

export interface HttpRequest {
  method: 'GET' | 'POST';
  url: string;
  headers: Record<string, string>;
  body?: string;
  /** The content type of a right answer; anything else is refused. */
  expects: string;
}

export interface HttpClient {
  /** The answer's body, once its head is right. Throws SourceError for every other answer, at the head or within the body. */
  request(request: HttpRequest, signal: AbortSignal): Promise<AsyncIterable<Uint8Array>>;
  close(): void;
}

export interface HttpOptions extends TlsFiles {
  clock: Clock;
  credentials: CredentialsProvider;
  proxy?: ProxySettings;
  limits: SourceLimits;
}

/**
 * HTTP as Git needs it on a bad link: one connection kept alive, a cap on bytes and time, redirects that keep method and body and give credentials
 * to no other origin, one second attempt with newer credentials after a 401 and no more.
 */
export function httpClient(options: HttpOptions): HttpClient {
  const { clock, limits } = options;
  const agents = httpAgents(options);

  /** Sends one request; resolves with the head of its answer. */
  const send = async (url: URL, request: HttpRequest, credentials: Credentials | undefined, signal: AbortSignal) => {
    const proxy = proxyFor(url, options.proxy ?? {});
    const agent = await agents.agentFor(url, proxy);
    const headers: Record<string, string> = { ...request.headers };
    if (credentials) headers.Authorization = authorization(credentials);
    if (request.body !== undefined) headers['Content-Length'] = String(Buffer.byteLength(request.body));
    let target: http.RequestOptions | URL = url;
    let isTls = url.protocol === 'https:';
    if (proxy && !isTls) {
      // Plain HTTP is asked of the proxy itself, by its full URL.
      Object.assign(headers, { Host: url.host }, proxyHeaders(proxy));
      const port = proxy.port || (proxy.protocol === 'https:' ? 443 : 80);
      target = { host: proxy.hostname.replace(/^\[|\]$/g, ''), port, path: url.href };
      isTls = proxy.protocol === 'https:';
    }
    const open: typeof http.request = isTls ? https.request : http.request;
    const attempt = (): Promise<IncomingMessage> =>
      new Promise((resolve, reject) => {
        let answered = false;
        const settings = { method: request.method, headers, agent, signal };
        const take = (answer: IncomingMessage): void => {
          answered = true;
          resolve(answer);
        };
        const sent = target instanceof URL ? open(target, settings, take) : open({ ...target, ...settings }, take);
        sent.on('error', (error: NodeJS.ErrnoException) => {
          // A kept connection that the server has closed meanwhile says nothing about the server: asked once more, on a new one.
          const stale = sent.reusedSocket && !answered && (error.code === 'ECONNRESET' || error.code === 'EPIPE');
          if (stale && !signal.aborted) attempt().then(resolve, reject);
          else reject(error);
        });
        sent.end(request.body);
      });
    return attempt();
  };

  /** Follows redirects to an answer that is none. */
  const follow = async (request: HttpRequest, credentials: Credentials | undefined, signal: AbortSignal) => {
    const origin = new URL(request.url).origin;
    let url = new URL(request.url);
    for (let hops = 0; ; hops++) {
      const answer = await send(url, request, url.origin === origin ? credentials : undefined, signal);
      const status = answer.statusCode ?? 0;
      const location = answer.headers.location;
      // Not 303, which asks for a page instead of an answer to what was sent.
      if (![301, 302, 307, 308].includes(status) || location === undefined) return { answer, url };
      answer.destroy();
      if (hops >= limits.redirects)
        throw new SourceError('protocol', `${origin} redirects more than ${limits.redirects} times`);
      url = redirected(url, location);
    }
  };

  return {
    async request(request, signal) {
      const host = new URL(request.url).host;
      const guard = new Guard(clock, limits, signal, host);
      try {
        const credentials = await options.credentials();
        let { answer, url } = await guard.within(() => follow(request, credentials, guard.signal));
        if (answer.statusCode === 401) {
          const newer = await options.credentials({ refused: true });
          if (newer && (!credentials || authorization(newer) !== authorization(credentials))) {
            answer.destroy();
            ({ answer, url } = await guard.within(() => follow(request, newer, guard.signal)));
          }
        }
        const finish = (): void => {
          if (!answer.complete) answer.destroy();
        };
        const type = (answer.headers['content-type'] ?? '').split(';')[0]?.trim().toLowerCase() ?? '';
        if (answer.statusCode !== 200) {
          answer.destroy();
          const isElsewhere = url.origin !== new URL(request.url).origin;
          const given = credentials === undefined ? 'none' : isElsewhere ? 'withheld' : 'given';
          throw statusError(answer.statusCode ?? 0, answer.headers, url, given);
        }
        if (type !== request.expects) throw wrongType(type, await firstBytes(guard.body(answer, finish)));
        return guard.body(answer, finish);
      } catch (error) {
        guard.done();
        throw guard.explain(error);
      }
    },
    close: () => agents.close(),
  };
}

/** Where a redirect leads. Never from https down to http, and never with a user of its own choice. */
function redirected(from: URL, location: string): URL {
  const next = URL.canParse(location, from.href) ? new URL(location, from) : undefined;
  if (!next || !/^https?:$/.test(next.protocol))
    throw new SourceError('protocol', `${from.origin} redirects to something that is no web address`);
  if (from.protocol === 'https:' && next.protocol === 'http:') {
    throw new SourceError(
      'protocol',
      `${from.origin} redirects from https to plain http (${next.host}), which is refused`,
    );
  }
  next.username = '';
  next.password = '';
  return next;
}

async function firstBytes(body: AsyncIterable<Uint8Array>): Promise<string> {
  for await (const chunk of body) return Buffer.from(chunk).toString('latin1', 0, 256);
  return '';
}

const authorization = (credentials: Credentials): string =>
  'bearer' in credentials
    ? `Bearer ${credentials.bearer}`
    : `Basic ${Buffer.from(`${credentials.username}:${credentials.password}`).toString('base64')}`;
