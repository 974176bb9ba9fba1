import type { IncomingHttpHeaders } from 'node:http';
import { SourceError } from '../../lib/errors.ts';
import { excerpt } from '../../lib/text/printable.ts';
import type { GivenCredentials } from '../../net/http/http.ts';
import { generalStatusError, looksLikeHtml } from '../../net/http/http-errors.ts';
import { WEB_PAGE } from '../protocol/pkt-line.ts';

/** The error for a Git server's answer that is neither a success nor a redirect. */
export function statusError(
  status: number,
  headers: IncomingHttpHeaders,
  url: URL,
  credentials: GivenCredentials,
): SourceError {
  const general = generalStatusError(status, headers, url);
  if (general) return general;
  // A redirect may lead to a path of any length.
  const where = excerpt(`${url.origin}${url.pathname.replace(/\/(git-upload-pack|info\/refs)$/, '')}`);
  const how = credentials === 'given' ? 'with these credentials' : 'without credentials';
  // Azure DevOps answers with a sign-in page and 203 where others answer 401.
  if (status === 401 || status === 203) {
    const why = {
      given: 'it did not accept the credentials given',
      none: 'it asks for credentials and none are configured',
      withheld: 'the repo’s server redirects to it, and credentials are given to no other server than that',
    }[credentials];
    return new SourceError('auth', `${where} cannot be read: ${why} (HTTP ${status})`);
  }
  if (status === 403) return new SourceError('auth', `${where} may not be read ${how} (HTTP 403)`);
  if (status === 404 || status === 410) {
    return new SourceError(
      'notFound',
      `There is no Git repo at ${where}, or it may not be seen ${how} (HTTP ${status})`,
    );
  }
  return new SourceError('protocol', `${where} answers with HTTP ${status}, which Git does not use`);
}

/** A web server that gives out the files of a repo but does not run Git. Source: gitprotocol-http(5), dumb server response. */
export class DumbServerError extends SourceError {
  constructor() {
    super(
      'protocol',
      'The server gives out the files of the repo only (dumb HTTP), which is not followed: it takes one that speaks smart HTTP, such as git http-backend',
    );
  }
}

/** The error for an answer of status 200 and another type than Git's. */
export function typeError(type: string, start: string): SourceError {
  if (type === 'text/html' || looksLikeHtml(start)) return new SourceError('portal', WEB_PAGE);
  if (/^[0-9a-f]{40}\trefs\//.test(start)) return new DumbServerError();
  const got = type === '' ? 'an answer of no type' : `an answer of type ${excerpt(type)}`;
  return new SourceError('protocol', `The server does not speak the Git protocol at this URL: ${got} came`);
}
