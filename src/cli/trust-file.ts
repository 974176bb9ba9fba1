import { readFile } from 'node:fs/promises';
import { schemaProblems } from '../fleet/schema.ts';
import { InputError } from '../lib/errors.ts';
import type { Trust } from '../trust/trust.ts';
import { parseTrust } from '../trust/trust-file.ts';

/** Reads whom a site trusts. Throws InputError. */
export const readTrust = (text: string, file: string): Promise<Trust> =>
  parseTrust(text, file, (root) => schemaProblems(root, 'Trust'));

/** The site's trust.yaml, read anew at each call. Throws InputError for one that cannot be read, or be used. */
export function trustReader(file: string): () => Promise<Trust> {
  let last: { text: string; trust: Trust } | undefined;
  return async () => {
    const text = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
      throw InputError.at(undefined, `the trust file ${file} cannot be read: ${error.code ?? error.message}`);
    });
    if (last?.text !== text) last = { text, trust: await readTrust(text, file) };
    return last.trust;
  };
}
