import { mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises';
import * as http from 'node:http';
import * as https from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, test } from '@jest/globals';
import { run } from '../../../scripts/machine/processes.ts';
import { systemClock } from '../../../src/lib/clock.ts';
import { httpClient } from '../../../src/net/http/http.ts';
import { failure } from '../../support/git/followed-repo.ts';

const LIMITS = { bytes: 1e6, idle: 5_000, total: 10_000, redirects: 5 };
const live = new AbortController().signal;
const CA = 'basicConstraints=critical,CA:TRUE\nkeyUsage=critical,keyCertSign,cRLSign\n';
const NEW_KEY = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];
const before = process.env.SSL_CERT_FILE;
let dir: string;
const at = (name: string): string => join(dir, name);
const pem = (name: string): Promise<string> => readFile(at(`${name}.pem`), 'utf8');
const ends: (() => void)[] = [];

async function issue(name: string, by: string, extensions: string): Promise<void> {
  await writeFile(at(`${name}.ext`), extensions);
  await run('openssl', [
    'req',
    ...NEW_KEY,
    '-keyout',
    at(`${name}.key`),
    '-out',
    at(`${name}.csr`),
    '-subj',
    `/CN=${name}`,
  ]);
  const signer = ['-CA', at(`${by}.pem`), '-CAkey', at(`${by}.key`), '-CAcreateserial', '-days', '3650'];
  await run('openssl', [
    ...['x509', '-req', '-in', at(`${name}.csr`), '-out', at(`${name}.pem`), '-extfile', at(`${name}.ext`)],
    ...signer,
  ]);
}

/** A company's root, an authority below it, and a server that this one vouches for; and a root of somebody else's. */
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'holdfast-authorities-'));
  for (const name of ['root', 'other'])
    await run('openssl', [
      ...['req', '-x509', ...NEW_KEY, '-keyout', at(`${name}.key`), '-out', at(`${name}.pem`), '-days', '3650'],
      ...['-subj', `/CN=${name}`, '-addext', 'basicConstraints=critical,CA:TRUE'],
    ]);
  await issue('middle', 'root', CA);
  await issue('server', 'middle', 'subjectAltName=IP:127.0.0.1\n');
});
afterEach(() => {
  for (const end of ends.splice(0)) end();
  if (before === undefined) delete process.env.SSL_CERT_FILE;
  else process.env.SSL_CERT_FILE = before;
});
afterAll(() => rm(dir, { recursive: true, force: true }));

async function serve(chain: readonly string[]): Promise<string> {
  const cert = (await Promise.all(chain.map(pem))).join('');
  const server = https.createServer({ cert, key: await readFile(at('server.key')) }, (_, response) => response.end());
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  ends.push(() => {
    server.close();
    server.closeAllConnections();
  });
  return `https://127.0.0.1:${(server.address() as AddressInfo).port}/`;
}

function open(caFile?: string) {
  const client = httpClient({ clock: systemClock, credentials: async () => undefined, limits: LIMITS, caFile });
  ends.push(() => client.close());
  return async (url: string): Promise<number> => {
    const answer = await client.exchange({ method: 'GET', url, headers: {} }, undefined, live);
    answer.drop();
    return answer.status;
  };
}

test('an authority of the machine’s own trust store is trusted, and from when it is put there', async () => {
  const store = at('store.crt');
  await writeFile(store, await pem('other'));
  process.env.SSL_CERT_FILE = store;
  const url = await serve(['server', 'middle']);
  const ask = open();
  expect(await failure(ask(url))).toMatchObject({ kind: 'tls' });
  await writeFile(at('next.crt'), `${await pem('other')}# the company's\n${await pem('root')}`);
  await rename(at('next.crt'), store);
  expect(await ask(url)).toBe(200);
  await writeFile(at('next.crt'), await pem('other'));
  await rename(at('next.crt'), store);
  expect(await failure(ask(url))).toMatchObject({ kind: 'tls' });
});

test.each<[what: string, file: string, chain: string[]]>([
  ['a root', 'root', ['server', 'middle']],
  ['an authority below a root, which the server sends, too', 'middle', ['server', 'middle']],
  ['an authority below a root, which the server does not send', 'middle', ['server']],
  ['a server’s own certificate', 'server', ['server']],
])('a file of authorities may hold %s', async (_, file, chain) => {
  process.env.SSL_CERT_FILE = at('none.crt');
  const url = await serve(chain);
  expect(await open(at(`${file}.pem`))(url)).toBe(200);
});

test('a file of authorities is asked besides the machine’s own, and somebody else’s authority is none', async () => {
  process.env.SSL_CERT_FILE = at('root.pem');
  const url = await serve(['server', 'middle']);
  expect(await open(at('other.pem'))(url)).toBe(200);
  process.env.SSL_CERT_FILE = at('other.pem');
  expect(await failure(open(at('other.pem'))(url))).toMatchObject({ kind: 'tls' });
});

test('the date of a verified answer is told, and that of an unverified or an unencrypted one is not', async () => {
  const dates: number[] = [];
  const ask = async (url: string, caFile?: string) => {
    const client = httpClient({
      clock: systemClock,
      limits: LIMITS,
      onDate: (date) => dates.push(date),
      ...(caFile && { caFile }),
    });
    ends.push(() => client.close());
    const answer = await client.exchange({ method: 'GET', url, headers: {} }, undefined, live);
    answer.drop();
  };
  const chain = await serve(['server', 'middle']);
  await failure(ask(chain, at('other.pem')));
  const plain = http.createServer((_, response) => response.end());
  await new Promise<void>((resolve) => plain.listen(0, '127.0.0.1', resolve));
  ends.push(() => plain.close());
  await ask(`http://127.0.0.1:${(plain.address() as AddressInfo).port}/`);
  expect(dates).toEqual([]);
  await ask(chain, at('root.pem'));
  expect(dates).toEqual([expect.closeTo(Date.now(), -5)]);
});
