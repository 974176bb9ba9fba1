import { expect, test } from '@jest/globals';
import type { HttpAnswer, HttpClient, HttpExchange } from '../../../src/net/http/http.ts';
import { parseOci } from '../../../src/registry/oci/oci-reference.ts';
import { registryOf } from '../../../src/registry/oci/registry.ts';
import type { RegistryCredentials } from '../../../src/registry/oci/registry-token.ts';

const live = new AbortController().signal;

/** Answers by URL; what was sent is written down, with who it said it was. */
function registry(
  url: string,
  credentials: RegistryCredentials | undefined,
  answers: (
    request: HttpExchange,
    authorization: string | undefined,
  ) => { status: number; headers?: Record<string, string>; body?: string },
) {
  const sent: string[] = [];
  const client: HttpClient = {
    request: () => Promise.reject(new TypeError('not used here')),
    async exchange(request, authorization): Promise<HttpAnswer> {
      sent.push(
        `${request.method} ${request.url}${authorization === undefined ? '' : ` as ${authorization}`}${request.body ? ` ${String(request.body)}` : ''}`,
      );
      const { status, headers = {}, body = '' } = answers(request, authorization);
      async function* bytes() {
        yield Buffer.from(body);
      }
      const place = async () => 'public' as const;
      return { status, headers, url: new URL(request.url), place, body: bytes(), drop() {} };
    },
    close() {},
  };
  const reference = parseOci(url);
  const ask = () =>
    registryOf({ client, reference, actions: 'pull', credentials: async () => credentials }).ask(
      { method: 'GET', path: 'manifests/main', accepts: [200] },
      live,
    );
  return { sent, ask };
}

const PASSWORD = { username: 'me', password: 'secret' };
const BASIC = `Basic ${Buffer.from('me:secret').toString('base64')}`;
const bearer = (realm: string) => ({
  status: 401,
  headers: { 'www-authenticate': `Bearer realm="${realm}",service="s"` },
});

test('a token is fetched from the server that the registry names, and shown to the registry', async () => {
  const { sent, ask } = registry('oci://r.example.org/a:main', PASSWORD, ({ url }, who) => {
    if (url.startsWith('https://auth.example.org/')) return { status: 200, body: '{"token":"tok"}' };
    return who === 'Bearer tok' ? { status: 200 } : bearer('https://auth.example.org/token?x=1');
  });
  expect((await ask()).status).toBe(200);
  expect(sent).toEqual([
    'GET https://r.example.org/v2/a/manifests/main',
    `GET https://auth.example.org/token?x=1&service=s&scope=repository%3Aa%3Apull as ${BASIC}`,
    'GET https://r.example.org/v2/a/manifests/main as Bearer tok',
  ]);
});

test('an identity token is traded in a form, and a token is given without credentials too', async () => {
  const answers = ({ url }: HttpExchange, who: string | undefined) => {
    if (url.startsWith('https://auth.example.org/')) return { status: 200, body: '{"access_token":"tok"}' };
    return who === 'Bearer tok' ? { status: 200 } : bearer('https://auth.example.org/token');
  };
  const trading = registry(
    'oci://r.example.org/a:main',
    { identitytoken: 'id', serveraddress: 'r.example.org' },
    answers,
  );
  await trading.ask();
  expect(trading.sent[1]).toBe(
    'POST https://auth.example.org/token service=s&scope=repository%3Aa%3Apull&grant_type=refresh_token&client_id=holdfast&refresh_token=id',
  );
  const anonymous = registry('oci://r.example.org/a:main', undefined, answers);
  await anonymous.ask();
  expect(anonymous.sent[1]).toBe('GET https://auth.example.org/token?service=s&scope=repository%3Aa%3Apull');
});

test.each([
  ['oci://r.example.org/a:main', 'http://auth.example.org/token', /in the clear/],
  ['oci://r.example.org/a:main', 'http://127.0.0.1:8080/token', /in the clear/],
  ['oci://127.0.0.1:5000/a:main', 'http://auth.example.org/token', /in the clear/],
  ['oci://r.example.org/a:main', 'file:///etc/passwd', /does not say where/],
  ['oci://r.example.org/a:main', '', /does not say where/],
])('%s gets no credentials sent to %j', async (url, realm, why) => {
  const { sent, ask } = registry(url, PASSWORD, () => bearer(realm));
  await expect(ask()).rejects.toThrow(why);
  expect(sent.join()).not.toContain(BASIC);
});

test('credentials are given once, when asked for, and the error for wrong ones does not hold them', async () => {
  const basic = { status: 401, headers: { 'www-authenticate': 'Basic realm="r"' } };
  const right = registry('oci://r.example.org/a:main', PASSWORD, (_, who) => (who === BASIC ? { status: 200 } : basic));
  await right.ask();
  expect(right.sent).toHaveLength(2);
  const wrong = registry('oci://r.example.org/a:main', PASSWORD, () => basic);
  await expect(wrong.ask()).rejects.toMatchObject({ kind: 'auth', message: expect.not.stringContaining('secret') });
  expect(wrong.sent).toHaveLength(2);
  const none = registry('oci://r.example.org/a:main', undefined, () => basic);
  await expect(none.ask()).rejects.toMatchObject({ kind: 'auth', message: expect.stringContaining('docker login') });
  expect(none.sent).toHaveLength(1);
});

test.each([
  [404, {}, '', 'notFound', /There is no artifact oci:\/\/r.example.org\/a:main/],
  [403, {}, '{"errors":[{"code":"DENIED","message":"no\\u001b[2J"}]}', 'auth', /HTTP 403\): DENIED: no\\x1b\[2J/],
  [429, { 'retry-after': '7' }, '', 'busy', /less often/],
  [503, {}, '', 'busy', /does not serve/],
  [500, {}, '<html>', 'server', /fault of its own/],
  [400, {}, '{"errors":[{"code":"NAME_INVALID"}]}', 'protocol', /HTTP 400\): NAME_INVALID/],
  [407, {}, '', 'proxy', /proxy/],
  [511, {}, '', 'portal', /sign-in/],
])('HTTP %d is said in words', async (status, headers, body, kind, words) => {
  const { ask } = registry('oci://r.example.org/a:main', undefined, () => ({
    status,
    headers: headers as Record<string, string>,
    body,
  }));
  await expect(ask()).rejects.toMatchObject({
    kind,
    message: expect.stringMatching(words),
    ...('retry-after' in headers && { retryAfter: 7000 }),
  });
});
