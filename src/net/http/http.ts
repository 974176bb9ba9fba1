import type { IncomingMessage } from 'node:http';
import * as http from 'node:http';
import * as https from 'node:https';
import type { Clock } from '../../lib/clock.ts';
import { SourceError } from '../../lib/errors.ts';
import type { Credentials, CredentialsProvider } from '../credentials/provider.ts';
import { Guard } from '../guard.ts';
import type { SourceLimits } from '../limits.ts';
import {
  type NameLookup,
  OutOfReachError,
  type Place,
  placeBehindProxy,
  placeOf,
  refusedPlace,
  requireWithin,
} from '../own-network.ts';
import { tellDate } from './answer-date.ts';
import { httpAgents, type TlsFiles } from './http-agents.ts';
import { type ProxySettings, proxyFor, proxyHeaders } from './proxy.ts';
import { RedirectError, redirected } from './redirects.ts';

/** The body of a request: a text, or bytes that can be read again for a redirect. */
export type HttpBody = string | { length: number; open: () => AsyncIterable<Uint8Array> };

export interface HttpExchange {
  method: 'GET' | 'HEAD' | 'POST' | 'PUT';
  url: string;
  headers: Record<string, string>;
  body?: HttpBody | undefined;
  /** The server that credentials are for, where the URL is one that it redirected to. Default: that of the URL. */
  origin?: string;
  /** The answer that named the URL, where a server did: it is asked only where that server may lead. */
  namedBy?: Pick<HttpAnswer, 'url' | 'place'> | undefined;
}

export interface HttpRequest extends HttpExchange {
  /** The content type of a right answer; anything else is refused. */
  expects: string;
  /** Makes the error for an answer of another status than 200. */
  statusError(status: number, headers: http.IncomingHttpHeaders, url: URL, credentials: GivenCredentials): SourceError;
  /** Makes the error for an answer of another type; `start` is the beginning of it. */
  typeError(type: string, start: string): SourceError;
}

/** Says if the request carried credentials. `withheld`: they are for another server, which redirected to this one. */
export type GivenCredentials = 'given' | 'none' | 'withheld';

/** Any answer of a server except a redirect. */
export interface HttpAnswer {
  status: number;
  headers: http.IncomingHttpHeaders;
  /** The URL after all redirects. */
  url: URL;
  /** Where the server is that was asked at first. */
  place: () => Promise<Place>;
  /** To be read, or dropped. */
  body: AsyncIterable<Uint8Array>;
  drop(): void;
}

export interface HttpClient {
  /** The answer's body, once its head is right, and what was asked in the end. Throws SourceError for every other answer, at the head or within the body. */
  request(request: HttpRequest, signal: AbortSignal): Promise<Pick<HttpAnswer, 'body' | 'url' | 'place'>>;
  /** Any answer, which the caller judges; `authorization` goes to the origin of the URL and to no other. Throws SourceError where there is none. */
  exchange(request: HttpExchange, authorization: string | undefined, signal: AbortSignal): Promise<HttpAnswer>;
  close(): void;
}

/** Settings by which servers are reached over HTTP. */
export interface HttpSettings extends TlsFiles {
  clock: Clock;
  credentials?: CredentialsProvider;
  proxy?: ProxySettings;
  /** Told the `Date` of each answer over verified TLS of a server that was configured, in milliseconds since 1970. */
  onDate?: ((date: number) => void) | undefined;
}

export interface HttpOptions extends HttpSettings {
  limits: SourceLimits;
  lookup?: NameLookup;
}

/**
 * HTTP as Git needs it on a bad link: one connection kept alive, a cap on bytes and time, redirects that keep method and body and give credentials
 * to no other origin, one second attempt with newer credentials after a 401 and no more.
 */
export function httpClient(options: HttpOptions): HttpClient {
  const { clock, limits } = options;
  const agents = httpAgents(options, options.lookup);

  const proxyTo = (url: URL): URL | undefined => proxyFor(url, options.proxy ?? {});

  /** Sends one request; resolves with the head of its answer. Throws OutOfReachError, before anything is sent. */
  const send = async (
    url: URL,
    request: HttpExchange,
    authorization: string | undefined,
    signal: AbortSignal,
    reach: Place | undefined,
    onSent?: () => void,
  ): Promise<IncomingMessage> => {
    const proxy = proxyTo(url);
    if (reach) await requireWithin(reach, url, proxy !== undefined, options.lookup);
    const agent = await agents.agentFor(url, proxy, reach);
    const headers: Record<string, string> = { ...request.headers };
    if (authorization !== undefined) headers.Authorization = authorization;
    const { body } = request;
    if (body !== undefined)
      headers['Content-Length'] = String(typeof body === 'string' ? Buffer.byteLength(body) : body.length);
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
        if (body === undefined || typeof body === 'string') sent.end(body);
        else
          sendAll(body.open(), sent, onSent).catch((error: unknown) => {
            sent.destroy();
            reject(error);
          });
      });
    return attempt();
  };

  /** By the address that was connected to: what the name has meanwhile is for its owner to say. */
  const placeAsked = (url: URL, { socket: { remoteAddress } }: IncomingMessage): (() => Promise<Place>) => {
    if (proxyTo(url)) return () => placeBehindProxy(url, options.lookup);
    const place = placeOf(remoteAddress ?? '');
    return async () => place;
  };

  /** Follows redirects to an answer that is none. */
  const follow = async (
    request: HttpExchange,
    authorization: string | undefined,
    signal: AbortSignal,
    onSent?: () => void,
  ) => {
    let url = new URL(request.url);
    const { namedBy } = request;
    const origin = request.origin ?? url.origin;
    const from = namedBy?.url ?? new URL(origin);
    let place = namedBy?.place;
    for (let hops = 0; ; hops++) {
      // A server that was configured may be anywhere.
      const reach = url.origin === from.origin ? undefined : await place?.();
      const given = url.origin === origin ? authorization : undefined;
      const answer = await send(url, request, given, signal, reach, onSent).catch((error: unknown) => {
        throw error instanceof OutOfReachError ? refusedPlace(from, url) : error;
      });
      place ??= placeAsked(url, answer);
      // Every certificate is verified. A server that another one named is not asked for the time.
      if (url.protocol === 'https:' && hops === 0 && !namedBy) tellDate(answer, options.onDate);
      const status = answer.statusCode ?? 0;
      const location = answer.headers.location;
      // Not 303, which asks for a page instead of an answer to what was sent.
      if (![301, 302, 307, 308].includes(status) || location === undefined) return { answer, url, place };
      answer.destroy();
      if (hops >= limits.redirects)
        throw new SourceError('protocol', `${origin} redirects more than ${limits.redirects} times`);
      const next = redirected(url, location);
      // The body is meant for the first server only, and a POST changes something there.
      if (request.body !== undefined && next.origin !== url.origin) throw new RedirectError(url, next);
      url = next;
    }
  };

  return {
    async request(request, signal) {
      const host = new URL(request.url).host;
      const guard = new Guard(clock, limits, signal, host);
      try {
        const ask = (asked: { refused: boolean }): Promise<Credentials | undefined> =>
          guard.within(async () => options.credentials?.({ ...asked, signal: guard.signal }), CREDENTIALS_LATE);
        const credentials = await ask({ refused: false });
        let { answer, url, place } = await guard.within(() => follow(request, header(credentials), guard.signal));
        if (answer.statusCode === 401) {
          const newer = await ask({ refused: true });
          if (newer && header(newer) !== header(credentials)) {
            answer.destroy();
            ({ answer, url, place } = await guard.within(() => follow(request, header(newer), guard.signal)));
          }
        }
        const finish = (): void => {
          if (!answer.complete) answer.destroy();
        };
        const type = (answer.headers['content-type'] ?? '').split(';')[0]?.trim().toLowerCase() ?? '';
        if (answer.statusCode !== 200) {
          answer.destroy();
          const isElsewhere = url.origin !== (request.origin ?? new URL(request.url).origin);
          const given = credentials === undefined ? 'none' : isElsewhere ? 'withheld' : 'given';
          throw request.statusError(answer.statusCode ?? 0, answer.headers, url, given);
        }
        if (type !== request.expects) throw request.typeError(type, await firstBytes(guard.body(answer, finish)));
        return { body: guard.body(answer, finish), url, place };
      } catch (error) {
        guard.done();
        throw guard.explain(error);
      }
    },

    async exchange(request, authorization, signal) {
      const guard = new Guard(clock, limits, signal, new URL(request.url).host);
      try {
        const { answer, url, place } = await guard.within((onSent) =>
          follow(request, authorization, guard.signal, onSent),
        );
        const body = guard.body(answer, () => {
          if (!answer.complete) answer.destroy();
        });
        const drop = (): void => {
          guard.done();
          // A short one is waited for, so that the connection can be kept.
          if (request.method === 'HEAD' || Number(answer.headers['content-length']) <= SHORT) answer.resume();
          else answer.destroy();
        };
        return { status: answer.statusCode ?? 0, headers: answer.headers, url, place, body, drop };
      } catch (error) {
        guard.done();
        throw guard.explain(error);
      }
    },
    close: () => agents.close(),
  };
}

/** The message about credentials that do not come, before the seconds. */
export const CREDENTIALS_LATE = 'The program or file with the credentials for the repo did not answer within';

const SHORT = 16 * 1024;

/** Sends a body as fast as it is taken. A connection that breaks meanwhile says so by itself. */
async function sendAll(body: AsyncIterable<Uint8Array>, sent: http.ClientRequest, onSent?: () => void): Promise<void> {
  for await (const chunk of body) {
    if (sent.destroyed) return;
    if (!sent.write(chunk))
      await new Promise<void>((resolve) => {
        const done = (): void => {
          sent.off('drain', done).off('close', done);
          resolve();
        };
        sent.on('drain', done).on('close', done);
      });
    onSent?.();
  }
  sent.end();
}

async function firstBytes(body: AsyncIterable<Uint8Array>): Promise<string> {
  for await (const chunk of body) return Buffer.from(chunk).toString('latin1', 0, 256);
  return '';
}

/** The Authorization header. */
export const authorizationOf = (credentials: Credentials): string =>
  'bearer' in credentials
    ? `Bearer ${credentials.bearer}`
    : `Basic ${Buffer.from(`${credentials.username}:${credentials.password}`).toString('base64')}`;

const header = (credentials: Credentials | undefined): string | undefined =>
  credentials && authorizationOf(credentials);
