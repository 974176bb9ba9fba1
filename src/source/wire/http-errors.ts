import type { IncomingHttpHeaders } from 'node:http';
import { SourceError } from '../../lib/errors.ts';
import { excerpt } from '../../lib/text/printable.ts';
import { looksLikeHtml, WEB_PAGE } from './pkt-line.ts';

/** The sentence for an answer that is neither a success nor a redirect. */
export function statusError(
  status: number,
  headers: IncomingHttpHeaders,
  url: URL,
  /** `withheld`: they are for another server, which redirected to this one. */
  credentials: 'given' | 'none' | 'withheld',
): SourceError {
  // A redirect may lead to a path of any length.
  const where = excerpt(`${url.origin}${url.pathname.replace(/\/(git-upload-pack|info\/refs)$/, '')}`);
  const how = credentials === 'given' ? 'with these credentials' : 'without credentials';
  // 203 with a sign-in page is how Azure DevOps says 401.
  if (status === 401 || status === 203) {
    const why = {
      given: 'it did not accept the credentials given',
      none: 'it asks for credentials and none are configured',
      withheld: 'the repo’s server redirects to it, and credentials are given to no other server than that',
    }[credentials];
    return new SourceError('auth', `${where} cannot be read: ${why} (HTTP ${status})`);
  }
  const retryAfter = retryAfterMs(headers);
  const wait = retryAfter === undefined ? {} : { retryAfter };
  // As GitHub and others say that there was too much of it.
  if (status === 403 && retryAfter !== undefined)
    return new SourceError('busy', `${url.host} asks to be polled less often (HTTP 403)`, wait);
  if (status === 403) return new SourceError('auth', `${where} may not be read ${how} (HTTP 403)`);
  if (status === 404 || status === 410) {
    return new SourceError(
      'notFound',
      `There is no Git repo at ${where}, or it may not be seen ${how} (HTTP ${status})`,
    );
  }
  if (status === 407) {
    return new SourceError('proxy', `The proxy on the way to ${url.host} asks for credentials (HTTP 407)`);
  }
  if (status === 511)
    return new SourceError('portal', `The network asks for a sign-in before it lets ${url.host} be reached (HTTP 511)`);
  if (status === 429) return new SourceError('busy', `${url.host} asks to be polled less often (HTTP 429)`, wait);
  if (status === 503) return new SourceError('busy', `${url.host} does not serve now (HTTP 503)`, wait);
  if (status >= 500) return new SourceError('server', `${url.host} has a fault of its own (HTTP ${status})`, wait);
  return new SourceError('protocol', `${where} answers with HTTP ${status}, which Git does not use`);
}

/**
 * Milliseconds that the server asks to be left alone. A date is read against the server's own, since this machine's clock may be anything.
 * Source: RFC 9110, 10.2.3.
 */
export function retryAfterMs(headers: IncomingHttpHeaders): number | undefined {
  const text = headers['retry-after']?.trim() ?? '';
  if (/^\d{1,9}$/.test(text)) return Number(text) * 1000;
  const until = Date.parse(text);
  const now = Date.parse(headers.date ?? '');
  return Number.isNaN(until) || Number.isNaN(now) ? undefined : Math.max(0, until - now);
}

/** A web server that gives out the files of a repo, and does not know that they are one. Source: gitprotocol-http(5), dumb server response. */
export class DumbServerError extends SourceError {
  constructor() {
    super(
      'protocol',
      'The server gives out the files of the repo only (dumb HTTP), which is not followed: it takes one that speaks smart HTTP, such as git http-backend',
    );
  }
}

/** An answer of status 200 that is something else than what was asked for. */
export function wrongType(type: string, start: string, how = 'the Git protocol at this URL'): SourceError {
  if (type === 'text/html' || looksLikeHtml(start)) return new SourceError('portal', WEB_PAGE);
  if (/^[0-9a-f]{40}\trefs\//.test(start)) return new DumbServerError();
  const got = type === '' ? 'an answer of no type' : `an answer of type ${excerpt(type)}`;
  return new SourceError('protocol', `The server does not speak ${how}: ${got} came`);
}
