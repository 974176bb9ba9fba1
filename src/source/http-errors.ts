import { messageOf, SourceError } from '../lib/errors.ts';

/** The sentence for an answer that is neither a success nor a redirect. */
export function statusError(status: number, url: URL, hadCredentials: boolean): SourceError {
  const where = `${url.origin}${url.pathname.replace(/\/(git-upload-pack|info\/refs)$/, '')}`;
  // 203 with a sign-in page is how Azure DevOps says 401.
  if (status === 401 || status === 203) {
    const why = hadCredentials
      ? 'it did not accept the credentials given'
      : 'it asks for credentials and none are configured';
    return new SourceError('auth', `${where} cannot be read: ${why} (HTTP ${status})`);
  }
  if (status === 403) return new SourceError('auth', `${where} may not be read with these credentials (HTTP 403)`);
  if (status === 404 || status === 410) {
    return new SourceError(
      'notFound',
      `There is no Git repo at ${where}, or it may not be seen with these credentials (HTTP ${status})`,
    );
  }
  if (status === 429) return new SourceError('unreachable', `${url.host} asks to be polled less often (HTTP 429)`);
  if (status >= 500) return new SourceError('unreachable', `${url.host} has a fault of its own (HTTP ${status})`);
  return new SourceError('protocol', `${where} answers with HTTP ${status}, which Git does not use`);
}

export function abortedError(cause: unknown): SourceError {
  return new SourceError('aborted', 'The request to the Git server was stopped', { cause });
}

/** The sentence for a request that got no answer, by Node's code. */
export function networkError(error: unknown, host: string): SourceError {
  const code = (error as NodeJS.ErrnoException).code ?? '';
  return new SourceError(
    'unreachable',
    SENTENCES[code]?.(host) ?? tlsSentence(code, host) ?? `${host} cannot be reached: ${messageOf(error)}`,
    {
      cause: error,
    },
  );
}

const SENTENCES: Record<string, (host: string) => string> = {
  ENOTFOUND: (host) => `The name ${host} does not resolve: no such host, or the name server does not know it`,
  EAI_AGAIN: (host) => `The name ${host} cannot be resolved now: no name server answers`,
  ECONNREFUSED: (host) => `${host} refuses connections: no server runs there`,
  ECONNRESET: (host) => `${host} closed the connection in the middle`,
  EPIPE: (host) => `${host} closed the connection in the middle`,
  ETIMEDOUT: (host) => `${host} does not answer`,
  EHOSTUNREACH: (host) => `There is no way to ${host}: the network is down`,
  ENETUNREACH: (host) => `There is no way to ${host}: the network is down`,
  CERT_HAS_EXPIRED: (host) => `The certificate of ${host} has expired, or this machine’s clock is wrong`,
  CERT_NOT_YET_VALID: (host) => `The certificate of ${host} is not valid yet: this machine’s clock is probably wrong`,
  ERR_TLS_CERT_ALTNAME_INVALID: (host) => `The certificate of ${host} is for another name`,
};

/** OpenSSL's codes for a chain that ends nowhere. */
function tlsSentence(code: string, host: string): string | undefined {
  if (!/SELF_SIGNED|UNABLE_TO_(GET|VERIFY)|CERT_UNTRUSTED|ISSUER/.test(code)) return undefined;
  return `The certificate of ${host} is signed by an authority that this machine does not trust (${code}); a private one can be named by a CA file`;
}
