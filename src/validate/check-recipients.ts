import type { CompiledSite } from '../compose/compile-fleet.ts';
import type { Problem } from '../lib/errors.ts';
import type { SiteDocument } from '../model/fleet.ts';
import type { EncryptedFile } from '../model/snapshot.ts';

export interface CheckedRecipients {
  /** Files that sites use and cannot decrypt, with these sites. */
  unable: { problem: Problem; sites: string[] }[];
  warnings: Problem[];
}

/**
 * Finds sites that cannot decrypt a file that an app there uses: not enough key groups of the file have a key of the site. No private key is needed. A site
 * that names no recipients cannot be checked.
 */
export function checkRecipients(
  compiled: readonly CompiledSite[],
  documents: readonly SiteDocument[],
): CheckedRecipients {
  const byName = new Map(documents.map(({ name, recipients }) => [name, recipients]));
  const unable = new Map<string, CheckedRecipients['unable'][number]>();
  const unchecked = new Set<string>();
  for (const { placed, results } of compiled) {
    if (!byName.has(placed.site)) continue;
    const keys = byName.get(placed.site);
    for (const result of results.values()) {
      if ('problems' in result) continue;
      const { name: app, encrypted = [] } = result.desired;
      if (keys === undefined && encrypted.length > 0) unchecked.add(placed.site);
      for (const file of keys === undefined ? [] : encrypted) {
        if (opens(file, new Set(keys))) continue;
        const key = `${app} ${file.path}`;
        const known = unable.get(key) ?? { problem: problemOf(app, file), sites: [] };
        known.sites.push(placed.site);
        unable.set(key, known);
      }
    }
  }
  return { unable: [...unable.values()], warnings: warningsFor([...unchecked].sort()) };
}

const opens = ({ groups, threshold }: EncryptedFile, keys: ReadonlySet<string>): boolean =>
  groups.filter((group) => group.some((recipient) => keys.has(recipient))).length >= threshold;

const problemOf = (app: string, { path, at }: EncryptedFile): Problem => ({
  app,
  at,
  message: `${path} is encrypted, and not for a recipient of each site that runs ${app}: it cannot be decrypted`,
  hint: `write the rules with \`holdfast recipients\`, and encrypt the file for them with \`sops updatekeys ${path}\``,
});

const MOST_NAMED = 5;

function warningsFor(sites: readonly string[]): Problem[] {
  const [first] = sites;
  if (first === undefined) return [];
  const more = sites.length > MOST_NAMED ? ` and ${sites.length - MOST_NAMED} more` : '';
  return [
    {
      at: { file: `sites/${first}.yaml`, line: 1, column: 1 },
      message: `nothing tells if ${sites.slice(0, MOST_NAMED).join(', ')}${more} can decrypt the files that ${sites.length === 1 ? 'it uses' : 'they use'}`,
      hint: 'list the public keys of a site under recipients in its spec; `holdfast keygen` prints them',
    },
  ];
}
