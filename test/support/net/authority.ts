import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { run } from '../../../scripts/machine/processes.ts';

/** Paths of PEM files. */
export interface Authority {
  caFile: string;
  /** For 127.0.0.1. */
  server: { certFile: string; keyFile: string };
  client: { certFile: string; keyFile: string };
}

/** A private certificate authority with a server's and a client's certificate, made for each run below `dir`. */
export async function createAuthority(dir: string): Promise<Authority> {
  const at = (name: string): string => join(dir, name);
  const openssl = (...args: string[]) => run('openssl', args);
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];
  await openssl(
    'req',
    '-x509',
    ...key,
    '-keyout',
    at('ca.key'),
    '-out',
    at('ca.pem'),
    '-days',
    '3650',
    '-subj',
    '/CN=Test authority',
  );
  const issue = async (name: string, subject: string, extensions: string) => {
    await writeFile(at(`${name}.ext`), extensions);
    await openssl('req', ...key, '-keyout', at(`${name}.key`), '-out', at(`${name}.csr`), '-subj', subject);
    const signer = ['-CA', at('ca.pem'), '-CAkey', at('ca.key'), '-CAcreateserial', '-days', '3650'];
    await openssl(
      'x509',
      '-req',
      '-in',
      at(`${name}.csr`),
      '-out',
      at(`${name}.pem`),
      '-extfile',
      at(`${name}.ext`),
      ...signer,
    );
    return { certFile: at(`${name}.pem`), keyFile: at(`${name}.key`) };
  };
  return {
    caFile: at('ca.pem'),
    server: await issue('server', '/CN=127.0.0.1', 'subjectAltName=IP:127.0.0.1\n'),
    client: await issue('client', '/CN=site', 'extendedKeyUsage=clientAuth\n'),
  };
}
