import { describe, expect, test } from '@jest/globals';
import { statusError } from '../../../src/git/transport/http-answers.ts';
import { retryAfterMs } from '../../../src/net/http/http-errors.ts';
import { networkError } from '../../../src/net/network-errors.ts';

test('an error shows only the beginning of a long address that a redirect led to', () => {
  const url = new URL(`https://git.example.org/${'x'.repeat(10_000)}`);
  expect(statusError(404, {}, url, 'none').message.length).toBeLessThan(500);
});

describe('the time for which a server asks to be left alone', () => {
  const date = 'Wed, 21 Oct 2026 07:28:00 GMT';
  test.each([
    [{ 'retry-after': '120' }, 120_000],
    [{ 'retry-after': 'Wed, 21 Oct 2026 07:30:00 GMT', date }, 120_000],
    [{ 'retry-after': 'Wed, 21 Oct 2026 07:00:00 GMT', date }, 0],
    [{ 'retry-after': 'Wed, 21 Oct 2026 07:30:00 GMT' }, undefined],
    [{ 'retry-after': 'soon', date }, undefined],
    [{ 'retry-after': '-5' }, undefined],
    [{}, undefined],
  ])('%j', (headers, expected) => {
    expect(retryAfterMs(headers)).toBe(expected);
  });

  test('is on the error, and not in the sentence, which is said once', () => {
    const error = statusError(503, { 'retry-after': '90' }, new URL('https://git.example.org/a.git'), 'none');
    expect(error).toMatchObject({ kind: 'busy', retryAfter: 90_000 });
    expect(error.message).toBe('git.example.org does not serve now (HTTP 503)');
  });
});

test('HTTP 403 with Retry-After is no matter of credentials: it is waited for', () => {
  const error = statusError(403, { 'retry-after': '60' }, new URL('https://git.example.org/a.git'), 'given');
  expect(error).toMatchObject({ kind: 'busy', retryAfter: 60_000 });
});

test.each([
  [401, 'given', 'it did not accept the credentials given'],
  [401, 'none', 'it asks for credentials and none are configured'],
  [401, 'withheld', 'credentials are given to no other server'],
  [403, 'none', 'may not be read without credentials'],
  [404, 'given', 'may not be seen with these credentials'],
] as const)('HTTP %i with credentials %s', (status, credentials, words) => {
  expect(statusError(status, {}, new URL('https://git.example.org/a.git'), credentials).message).toContain(words);
});

test.each([
  ['ENOTFOUND', 'dns'],
  ['EAI_AGAIN', 'dns'],
  ['ECONNREFUSED', 'unreachable'],
  ['CERT_HAS_EXPIRED', 'clock'],
  ['CERT_NOT_YET_VALID', 'clock'],
  ['DEPTH_ZERO_SELF_SIGNED_CERT', 'tls'],
  ['ERR_TLS_CERT_ALTNAME_INVALID', 'tls'],
  ['ERR_SSL_WRONG_VERSION_NUMBER', 'tls'],
  ['HPE_INVALID_CONSTANT', 'protocol'],
  ['HPE_HEADER_OVERFLOW', 'protocol'],
  ['EWHATEVER', 'unreachable'],
])('%s has a kind of its own', (code, kind) => {
  const error = networkError(Object.assign(new Error('words of Node'), { code }), 'git.example.org');
  expect(error.kind).toBe(kind);
  expect(error.message).toContain('git.example.org');
});

test('a certificate that is not valid yet shows what this machine takes the time to be', () => {
  const error = networkError(
    Object.assign(new Error(), { code: 'CERT_NOT_YET_VALID' }),
    'git.example.org',
    new Date(0),
  );
  expect(error.message).toBe(
    'The certificate of git.example.org is not valid yet: this machine’s clock (1970-01-01) is probably wrong',
  );
});
