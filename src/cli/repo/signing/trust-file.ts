import { readFile, stat } from 'node:fs/promises';
import { schemaProblems } from '../../../fleet/schema/schema.ts';
import { InputError } from '../../../lib/errors.ts';
import { utf8 } from '../../../lib/text/utf8.ts';
import type { Trust } from '../../../trust/trust.ts';
import { parseTrust } from '../../../trust/trust-file.ts';

/** Parses a trust.yaml. Throws InputError. */
export const readTrust = (text: string, file: string): Promise<Trust> =>
  parseTrust(text, file, (root) => schemaProblems(root, 'Trust'));

/** A warning about a trust.yaml that everybody on the machine may change; undefined for another one. */
export async function openToAll(file: string): Promise<string | undefined> {
  const { mode } = await stat(file);
  const permissions = (mode & 0o777).toString(8).padStart(3, '0');
  return mode & 0o002
    ? `${file} can be changed by everybody on this machine (mode ${permissions}), who could then add keys that this site trusts: chmod o-w ${file}`
    : undefined;
}

/** Gives a function that reads the site's trust.yaml at each call. Throws InputError for one that cannot be read or used. */
export function trustReader(file: string): () => Promise<Trust> {
  let last: { text: string; trust: Trust } | undefined;
  return async () => {
    const content = await readFile(file).catch((error: NodeJS.ErrnoException) => {
      throw InputError.of(`the trust file ${file} cannot be read: ${error.code ?? error.message}`);
    });
    const text = utf8(content, file);
    if (last?.text !== text) last = { text, trust: await readTrust(text, file) };
    return last.trust;
  };
}
