import { SourceError } from '../../lib/errors.ts';

/** A server wants what was sent to it sent to another one. */
export class RedirectError extends SourceError {
  constructor(from: URL, to: URL) {
    super('protocol', `${from.origin} redirects to ${to.origin} what is sent to it, which is refused`);
  }
}

/** Where a redirect leads. Never from https down to http, and never with a user of its own choice. */
export function redirected(from: URL, location: string): URL {
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
