import * as http from 'node:http';
import * as https from 'node:https';
import { BlockList, isIP } from 'node:net';
import type { Duplex } from 'node:stream';
import { SourceError } from '../../lib/errors.ts';

/** The proxies, as the environment of most programs names them. */
export interface ProxySettings {
  http?: string | undefined;
  https?: string | undefined;
  /** Hosts that are reached directly: names (with all below them), `host:port`, addresses, networks as `10.0.0.0/8`, or `*`. */
  no?: string | undefined;
}

/** HTTP_PROXY, HTTPS_PROXY, ALL_PROXY and NO_PROXY, in either case; the lower one wins. */
export function proxyFrom(environment: NodeJS.ProcessEnv): ProxySettings {
  const of = (name: string): string | undefined => environment[name] || environment[name.toUpperCase()] || undefined;
  return { http: of('http_proxy') ?? of('all_proxy'), https: of('https_proxy') ?? of('all_proxy'), no: of('no_proxy') };
}

/** The proxy to take for a URL, or undefined for none. Throws SourceError `proxy` for one that is not HTTP. */
export function proxyFor(url: URL, settings: ProxySettings): URL | undefined {
  const text = url.protocol === 'https:' ? settings.https : settings.http;
  if (!text || isDirect(url, settings.no ?? '')) return undefined;
  const full = /^[a-z][a-z0-9+.-]*:\/\//i.test(text) ? text : `http://${text}`;
  if (!URL.canParse(full) || !/^https?:/i.test(full)) {
    throw new SourceError(
      'proxy',
      'The proxy that the environment names cannot be used: only http:// and https:// ones can',
    );
  }
  return new URL(full);
}

function isDirect(url: URL, list: string): boolean {
  const host = url.hostname.replace(/^\[|\]$/g, '').toLowerCase();
  const port = url.port || (url.protocol === 'https:' ? '443' : '80');
  return list.split(/[\s,]+/).some((entry) => {
    if (entry === '') return false;
    if (entry === '*') return true;
    const [, name = '', only] = entry.toLowerCase().match(/^(\[[^\]]*\]|[^:]*|.*:.*:.*?)(?::(\d+))?$/) ?? [];
    if (only !== undefined && only !== port) return false;
    const plain = name.replace(/^\[|\]$/g, '').replace(/^\*?\./, '');
    if (isIP(host)) return plain === host || isWithin(host, plain);
    return host === plain || host.endsWith(`.${plain}`);
  });
}

function isWithin(address: string, network: string): boolean {
  const [base = '', bits = ''] = network.split('/');
  const family = isIP(base) === 6 ? 'ipv6' : 'ipv4';
  if (!isIP(base) || isIP(base) !== isIP(address) || !/^\d{1,3}$/.test(bits)) return false;
  if (Number(bits) > (family === 'ipv6' ? 128 : 32)) return false;
  const list = new BlockList();
  list.addSubnet(base, Number(bits), family);
  return list.check(address, family);
}

/** Said each time, since NODE_TLS_REJECT_UNAUTHORIZED=0, set for some other program, would believe every server otherwise. */
export const VERIFIED = { rejectUnauthorized: true } as const;

/** The header with the credentials of a proxy's URL. */
export function proxyHeaders(proxy: URL): Record<string, string> {
  if (proxy.username === '' && proxy.password === '') return {};
  const words = `${decodeURIComponent(proxy.username)}:${decodeURIComponent(proxy.password)}`;
  return { 'Proxy-Authorization': `Basic ${Buffer.from(words).toString('base64')}` };
}

/** An agent whose TLS connections go through a tunnel that the proxy opens. Source: RFC 9110, 9.3.6. */
export function tunnelAgent(options: https.AgentOptions, proxy: URL): https.Agent {
  class TunnelAgent extends https.Agent {
    override createConnection(
      target: https.RequestOptions,
      callback?: (error: Error | null, stream: Duplex) => void,
    ): undefined {
      const done = callback as (error: Error | null, stream?: Duplex) => void;
      tunnel(`${target.host}:${target.port ?? 443}`, proxy, options.ca, target.signal ?? undefined).then((socket) => {
        // Given a socket, the agent's own connection is TLS over it, with the sessions it remembers.
        const secure = super.createConnection({ ...target, socket } as https.RequestOptions);
        done(null, secure as Duplex);
      }, done);
      return undefined;
    }
  }
  return new TunnelAgent(options);
}

function tunnel(
  target: string,
  proxy: URL,
  ca: https.AgentOptions['ca'],
  signal: AbortSignal | undefined,
): Promise<Duplex> {
  return new Promise((resolve, reject) => {
    const open: typeof http.request = proxy.protocol === 'https:' ? https.request : http.request;
    const request = open({
      method: 'CONNECT',
      host: proxy.hostname.replace(/^\[|\]$/g, ''),
      port: proxy.port || (proxy.protocol === 'https:' ? 443 : 80),
      path: target,
      headers: { Host: target, ...proxyHeaders(proxy) },
      agent: false,
      signal,
      ...VERIFIED,
      ...(ca !== undefined && { ca }),
    });
    request.on('connect', (answer, socket) => {
      if (answer.statusCode === 200) return resolve(socket);
      socket.destroy();
      const why = answer.statusCode === 407 ? 'asks for credentials' : `lets nobody through to ${target}`;
      reject(new SourceError('proxy', `The proxy ${proxy.host} ${why} (HTTP ${answer.statusCode})`));
    });
    request.on('error', (error) =>
      reject(new SourceError('proxy', `The proxy ${proxy.host} cannot be reached: ${error.message}`, { cause: error })),
    );
    request.end();
  });
}
