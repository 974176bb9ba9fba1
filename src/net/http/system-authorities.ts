import { createHash } from 'node:crypto';
import { stat } from 'node:fs/promises';
import { getCACertificates } from 'node:tls';
import { readSmall } from '../read-small.ts';

/** Where distributions keep the authorities that a machine trusts, all in one file: Debian and Alpine, Fedora and RHEL, SUSE, BSD. */
const FILES = [
  '/etc/ssl/certs/ca-certificates.crt',
  '/etc/pki/tls/certs/ca-bundle.crt',
  '/etc/ssl/ca-bundle.pem',
  '/etc/ssl/cert.pem',
];

let known: { version: string; certificates: readonly string[] } = { version: '', certificates: [] };

/**
 * The authorities in the machine's own trust store that Node does not bring: those that a company put there. SSL_CERT_FILE names another file. Read again
 * when the file changed. A machine without one has none.
 */
export async function systemAuthorities(
  files: readonly string[] = process.env.SSL_CERT_FILE ? [process.env.SSL_CERT_FILE] : FILES,
): Promise<readonly string[]> {
  for (const path of files) {
    const found = await stat(path).catch(() => undefined);
    if (!found?.isFile()) continue;
    const version = `${path} ${found.ino} ${found.size} ${found.mtimeMs}`;
    if (known.version !== version) {
      const text = await readSmall(path).catch(() => undefined);
      if (text === undefined) continue;
      known = { version, certificates: besides(text, getCACertificates('default')) };
    }
    return known.certificates;
  }
  return [];
}

/** The certificates of a file that are not among others, compared by their bytes. */
function besides(text: string, others: readonly string[]): string[] {
  const digest = (pem: string): string =>
    createHash('sha256')
      .update(Buffer.from(pem.replace(/-----[A-Z ]*-----/g, ''), 'base64'))
      .digest('base64');
  const seen = new Set(others.map(digest));
  const certificates = text.match(/-----BEGIN CERTIFICATE-----[A-Za-z0-9+/=\s]*-----END CERTIFICATE-----/g) ?? [];
  return certificates.filter((pem) => {
    const isNew = !seen.has(digest(pem));
    seen.add(digest(pem));
    return isNew;
  });
}
