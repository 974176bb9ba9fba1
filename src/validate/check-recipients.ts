import type { CompiledSite } from '../compose/compile-fleet.ts';
import type { Problem } from '../lib/errors.ts';
import { entry } from '../lib/maps/map-entry.ts';
import type { SiteDocument } from '../model/fleet.ts';
import type { EncryptedFile, Snapshot } from '../model/snapshot.ts';
import { GroupFiles } from '../recipients/group-files.ts';

export interface CheckedRecipients {
  /** Files that sites use and cannot decrypt, with these sites. */
  unable: { problem: Problem; sites: string[] }[];
  warnings: Problem[];
}

/**
 * Finds sites that cannot decrypt a file that an app there uses: not enough key groups of the file have a key of the site, or of the app's recipient group. No
 * private key is needed, so a key file that was encrypted for another key than its record says is not found. A site that names no recipients cannot be
 * checked. `filesOf` gives the files that a site reads.
 */
export async function checkRecipients(
  compiled: readonly CompiledSite[],
  documents: readonly SiteDocument[],
  filesOf: (site: string) => Snapshot,
): Promise<CheckedRecipients> {
  const byName = new Map(documents.map(({ name, recipients }) => [name, recipients]));
  const groups = new GroupFiles();
  const unable = new Map<string, CheckedRecipients['unable'][number]>();
  const unchecked = new Set<string>();
  const former = new Map<string, Problem>();
  for (const { placed, results } of compiled) {
    const { site } = placed;
    if (!byName.has(site)) continue;
    const keys = byName.get(site);
    for (const result of results.values()) {
      if ('problems' in result) continue;
      const { name: app, encrypted = [] } = result.desired;
      for (const file of encrypted) {
        const { fault, isFormer } = await groups.check(filesOf(site), file, { site, keys });
        if (isFormer) former.set(file.path, formerProblem(app, file));
        if (!fault) continue;
        if (keys === undefined) unchecked.add(site);
        else {
          const key = fault.key || `${app} ${file.path}`;
          const problem = fault.problem ? { ...fault.problem, app } : problemOf(app, file);
          entry(unable, key, () => ({ problem, sites: [] as string[] })).sites.push(site);
        }
      }
    }
  }
  return {
    unable: [...unable.values()].map(({ problem, sites }) => ({ problem, sites: [...new Set(sites)] })),
    warnings: [...warningsFor([...unchecked].sort()), ...former.values()],
  };
}

const problemOf = (app: string, { path, at }: EncryptedFile): Problem => ({
  app,
  at,
  message: `${path} is encrypted, and not for a recipient of each site that runs ${app}: it cannot be decrypted`,
  hint: `write the rules with \`holdfast recipients\`, and encrypt the file for them with \`sops updatekeys ${path}\``,
});

const formerProblem = (app: string, { path, at, group }: EncryptedFile): Problem => ({
  app,
  at,
  message: `${path} is still encrypted for a key that the recipient group ${group} had before`,
  hint: '`holdfast recipients` lists the commands that encrypt it again, and the secrets to change',
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
