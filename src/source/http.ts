import { readFile } from 'node:fs/promises';
import type { IncomingMessage } from 'node:http';
import * as http from 'node:http';
import * as https from 'node:https';
import { getCACertificates } from 'node:tls';
import type { Clock } from '../lib/clock.ts';
import { messageOf, SourceError } from '../lib/errors.ts';
import { abortedError, networkError, statusError } from './http-errors.ts';
import { looksLikeHtml, printable, WEB_PAGE } from './pkt-line.ts';
import type { Credentials, CredentialsProvider } from './remote.ts';

export interface HttpLimits {
  /** Of one answer. */
  bytes: number;
  /** Milliseconds without a byte. */
  idle: number;
  /** Milliseconds from the request to the answer's end. */
  total: number;
  redirects: number;
}

export const DEFAULT_LIMITS: HttpLimits = { bytes: 256 * 1024 * 1024, idle: 60_000, total: 3_600_000, redirects: 5 };

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

export interface HttpOptions {
  clock: Clock;
  credentials: CredentialsProvider;
  /** PEM file of certificate authorities to trust besides the system's. */
  caFile?: string;
  limits: HttpLimits;
}

/**
 * HTTP as Git needs it on a bad link: one connection kept alive, a cap on bytes and time, redirects that keep method and body and give credentials
 * to no other origin, one second attempt with newer credentials after a 401 and no more.
 */
export function httpClient(options: HttpOptions): HttpClient {
  const { clock, limits } = options;
  const agents = new Map<string, http.Agent>();

  const agentFor = async (protocol: string): Promise<http.Agent> => {
    const known = agents.get(protocol);
    if (known) return known;
    const settings = { keepAlive: true, maxFreeSockets: 1 };
    const agent =
      protocol === 'https:'
        ? new https.Agent({ ...settings, ...(await authorities(options.caFile)) })
        : new http.Agent(settings);
    agents.set(protocol, agent);
    return agent;
  };

  /** Sends one request; resolves with the head of its answer. */
  const send = async (url: URL, request: HttpRequest, credentials: Credentials | undefined, signal: AbortSignal) => {
    const agent = await agentFor(url.protocol);
    const headers: Record<string, string> = { ...request.headers };
    if (credentials) headers.Authorization = basic(credentials);
    if (request.body !== undefined) headers['Content-Length'] = String(Buffer.byteLength(request.body));
    const attempt = (): Promise<IncomingMessage> =>
      new Promise((resolve, reject) => {
        const open: typeof http.request = url.protocol === 'https:' ? https.request : http.request;
        let answered = false;
        const sent = open(url, { method: request.method, headers, agent, signal }, (answer) => {
          answered = true;
          resolve(answer);
        });
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
      if (![301, 302, 303, 307, 308].includes(status) || location === undefined) return { answer, url };
      answer.destroy();
      if (hops >= limits.redirects)
        throw new SourceError('protocol', `${origin} redirects more than ${limits.redirects} times`);
      const next = URL.canParse(location, url.href) ? new URL(location, url) : undefined;
      if (!next || !/^https?:$/.test(next.protocol))
        throw new SourceError('protocol', `${origin} redirects to something that is no web address`);
      if (url.protocol === 'https:' && next.protocol === 'http:') {
        throw new SourceError(
          'protocol',
          `${origin} redirects from https to plain http (${next.host}), which is refused`,
        );
      }
      next.username = '';
      next.password = '';
      url = next;
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
          const newer = await options.credentials();
          if (newer && (newer.username !== credentials?.username || newer.password !== credentials.password)) {
            answer.destroy();
            ({ answer, url } = await guard.within(() => follow(request, newer, guard.signal)));
          }
        }
        const type = (answer.headers['content-type'] ?? '').split(';')[0]?.trim().toLowerCase() ?? '';
        if (answer.statusCode !== 200) {
          answer.destroy();
          throw statusError(answer.statusCode ?? 0, url, credentials !== undefined);
        }
        if (type !== request.expects) {
          const start = await firstBytes(guard.body(answer));
          throw wrongType(type, start);
        }
        return guard.body(answer);
      } catch (error) {
        guard.done();
        throw guard.explain(error);
      }
    },
    close() {
      for (const agent of agents.values()) agent.destroy();
      agents.clear();
    },
  };
}

/** Holds one request, with its redirects and its body, to its limits. */
class Guard {
  readonly signal: AbortSignal;
  readonly #controller = new AbortController();
  readonly #clock: Clock;
  readonly #limits: HttpLimits;
  readonly #outer: AbortSignal;
  readonly #host: string;
  readonly #stopTotal: () => void;
  #reason: SourceError | undefined;

  constructor(clock: Clock, limits: HttpLimits, outer: AbortSignal, host: string) {
    this.#clock = clock;
    this.#limits = limits;
    this.#outer = outer;
    this.#host = host;
    this.signal = AbortSignal.any([outer, this.#controller.signal]);
    const seconds = limits.total / 1000;
    this.#stopTotal = clock.timer(limits.total, () =>
      this.#stop(`${host} did not finish its answer within ${seconds} s`),
    );
  }

  /** Runs something that waits for the network, under the idle limit. */
  async within<T>(wait: () => Promise<T>): Promise<T> {
    const seconds = this.#limits.idle / 1000;
    const disarm = this.#clock.timer(this.#limits.idle, () =>
      this.#stop(`${this.#host} sent nothing for ${seconds} s`),
    );
    try {
      return await wait();
    } finally {
      disarm();
    }
  }

  /** The answer's bytes, capped. The idle limit runs only while we wait, not while the reader works. */
  async *body(answer: IncomingMessage): AsyncGenerator<Uint8Array, void, undefined> {
    let bytes = 0;
    const iterator = answer[Symbol.asyncIterator]();
    try {
      for (;;) {
        const next: IteratorResult<Buffer> = await this.within(() => iterator.next());
        if (next.done) return;
        bytes += next.value.length;
        if (bytes > this.#limits.bytes) {
          throw new SourceError(
            'limit',
            `${this.#host} sends more than the ${this.#limits.bytes} bytes that one fetch may take`,
          );
        }
        yield next.value;
      }
    } catch (error) {
      throw this.explain(error);
    } finally {
      this.done();
      if (!answer.complete) answer.destroy();
    }
  }

  done(): void {
    this.#stopTotal();
  }

  explain(error: unknown): SourceError {
    if (error instanceof SourceError) return error;
    if (this.#reason) return this.#reason;
    return this.#outer.aborted ? abortedError(error) : networkError(error, this.#host);
  }

  #stop(text: string): void {
    this.#reason ??= new SourceError('unreachable', text);
    this.#controller.abort();
  }
}

async function authorities(caFile: string | undefined): Promise<{ ca?: string[] }> {
  if (caFile === undefined) return {};
  try {
    return { ca: [...getCACertificates('default'), await readFile(caFile, 'utf8')] };
  } catch (error) {
    throw new SourceError('auth', `The file with certificate authorities cannot be read: ${messageOf(error)}`, {
      cause: error,
    });
  }
}

async function firstBytes(body: AsyncIterable<Uint8Array>): Promise<string> {
  for await (const chunk of body) return Buffer.from(chunk).toString('latin1', 0, 256);
  return '';
}

function wrongType(type: string, start: string): SourceError {
  if (type === 'text/html' || looksLikeHtml(start)) return new SourceError('protocol', WEB_PAGE);
  const got = type === '' ? 'an answer of no type' : `an answer of type ${printable(type)}`;
  return new SourceError('protocol', `The server does not speak the Git protocol at this URL: ${got} came`);
}

const basic = ({ username, password }: Credentials): string =>
  `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`;
