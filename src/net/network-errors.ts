import { messageOf, SourceError, type SourceErrorKind } from '../lib/errors.ts';

export function abortedError(cause: unknown): SourceError {
  return new SourceError('aborted', 'The request to the Git server was stopped', { cause });
}

type Sentence = [kind: SourceErrorKind, text: (host: string, clock: string) => string];

/** The error for a request without an answer, by the code of Node or OpenSSL. `now` is what this machine takes the time to be. */
export function networkError(error: unknown, host: string, now?: Date): SourceError {
  const code = (error as NodeJS.ErrnoException).code ?? '';
  const [kind, text]: Sentence = SENTENCES[code] ??
    tlsSentence(code) ??
    httpSentence(code) ?? ['unreachable', () => `${host} cannot be reached: ${messageOf(error)}`];
  // The day will do, and does not make another sentence of each attempt.
  const clock = now ? `this machine’s clock (${now.toISOString().slice(0, 10)})` : 'this machine’s clock';
  return new SourceError(kind, text(host, clock), { cause: error });
}

const SENTENCES: Record<string, Sentence> = {
  ENOTFOUND: ['dns', (host) => `The name ${host} does not resolve: no such host, or the name server does not know it`],
  EAI_AGAIN: ['dns', (host) => `The name ${host} cannot be resolved now: no name server answers`],
  ECONNREFUSED: ['unreachable', (host) => `${host} refuses connections: no server runs there`],
  ECONNRESET: ['unreachable', (host) => `${host} closed the connection in the middle`],
  EPIPE: ['unreachable', (host) => `${host} closed the connection in the middle`],
  ERR_STREAM_PREMATURE_CLOSE: ['unreachable', (host) => `${host} closed the connection in the middle`],
  ETIMEDOUT: ['unreachable', (host) => `${host} does not answer`],
  EHOSTUNREACH: ['unreachable', (host) => `There is no way to ${host}: the network is down`],
  ENETUNREACH: ['unreachable', (host) => `There is no way to ${host}: the network is down`],
  CERT_HAS_EXPIRED: ['clock', (host, clock) => `The certificate of ${host} has expired, or ${clock} is wrong`],
  CERT_NOT_YET_VALID: [
    'clock',
    (host, clock) => `The certificate of ${host} is not valid yet: ${clock} is probably wrong`,
  ],
  ERR_TLS_CERT_ALTNAME_INVALID: ['tls', (host) => `The certificate of ${host} is for another name`],
  CERT_REVOKED: ['tls', (host) => `The certificate of ${host} was revoked`],
  EPROTO: [
    'tls',
    (host) => `No secure connection to ${host} could be made: it does not speak TLS there as this machine does`,
  ],
};

/** Node's parser of HTTP. */
function httpSentence(code: string): Sentence | undefined {
  if (code === 'HPE_HEADER_OVERFLOW')
    return ['protocol', (host) => `${host} sends more headers than an answer may have: it is not listened to`];
  if (code.startsWith('HPE_')) return ['protocol', (host) => `The server at ${host} does not speak HTTP (${code})`];
  return undefined;
}

function tlsSentence(code: string): Sentence | undefined {
  // OpenSSL's codes for a chain that ends nowhere.
  if (/SELF_SIGNED|UNABLE_TO_(GET|VERIFY)|CERT_UNTRUSTED|ISSUER/.test(code)) {
    return [
      'tls',
      (host) =>
        `The certificate of ${host} is signed by an authority that this machine does not trust (${code}); a private one can be named by a CA file`,
    ];
  }
  if (/^ERR_SSL_TLSV1[0-9]*_ALERT_CERTIFICATE_REQUIRED|^ERR_SSL_(TLSV1|SSLV3)[A-Z0-9_]*ALERT/.test(code)) {
    return [
      'tls',
      (host) =>
        `${host} ended the TLS handshake (${code}): it may ask for a client certificate, or does not accept this one`,
    ];
  }
  if (/^ERR_(SSL|TLS|OSSL)/.test(code)) {
    return ['tls', (host) => `No secure connection to ${host} could be made (${code})`];
  }
  return undefined;
}
