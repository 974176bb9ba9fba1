import type { IncomingHttpHeaders } from 'node:http';
import { SourceError } from '../../lib/errors.ts';

/** The error for a status that means the same of every server; undefined for the others. */
export function generalStatusError(
  status: number,
  headers: IncomingHttpHeaders,
  { host }: URL,
): SourceError | undefined {
  const retryAfter = retryAfterMs(headers);
  // GitHub and others limit requests with 403.
  if (status === 403 && retryAfter !== undefined)
    return new SourceError('busy', `${host} asks to be polled less often (HTTP 403)`, { retryAfter });
  if (status === 407)
    return new SourceError('proxy', `The proxy on the way to ${host} asks for credentials (HTTP 407)`);
  if (status === 511)
    return new SourceError('portal', `The network asks for a sign-in before it lets ${host} be reached (HTTP 511)`);
  if (status === 429) return new SourceError('busy', `${host} asks to be polled less often (HTTP 429)`, { retryAfter });
  if (status === 503) return new SourceError('busy', `${host} does not serve now (HTTP 503)`, { retryAfter });
  if (status >= 500)
    return new SourceError('server', `${host} has a fault of its own (HTTP ${status})`, { retryAfter });
  return undefined;
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

export const looksLikeHtml = (text: string): boolean => /^\s*<(!doctype|html|head|\?xml)/i.test(text);
