import type { Problem } from '../../lib/errors.ts';
import { didYouMean } from '../../lib/text/did-you-mean.ts';
import type { RecipientGroup } from '../../model/fleet.ts';
import type { YamlNode } from '../../yaml/node.ts';
import { below, items, text } from '../values/values.ts';

/** The folder of the keys of groups. A group's name has no dot, so its folder is apart from the files of all groups. */
export const KEYS_FOLDER = 'keys';

/** The key of a group, encrypted for one site. That site alone reads it. */
export const groupKeyPath = (group: string, site: string): string => `${KEYS_FOLDER}/${group}/${site}.age`;

/** The key of a group, encrypted for people, and the record of who has it. No site reads these. */
export const groupFile = (group: string, kind: 'people' | 'record'): string =>
  `${KEYS_FOLDER}/${group}.${kind === 'people' ? 'age' : 'txt'}`;

/** Reads `spec.recipientGroups` of a Fleet. */
export function recipientGroupsOf(node: YamlNode | undefined): RecipientGroup[] {
  const entries = node?.kind === 'mapping' ? node.entries : [];
  return entries.map(({ key, keyAt, value }) => ({
    name: key,
    at: keyAt,
    apps: items(below(value, 'apps')).map((item) => ({ name: text(item) ?? '', at: item.at })),
  }));
}

/** The problems of apps that are in two groups. */
export function recipientGroupProblems(root: YamlNode): Problem[] {
  const known = new Map<string, string>();
  const problems: Problem[] = [];
  for (const { name: group, apps } of recipientGroupsOf(below(root, 'spec', 'recipientGroups')))
    for (const { name, at } of apps) {
      const other = known.get(name);
      if (other === undefined) known.set(name, group);
      else problems.push({ at, message: `${name} is in the recipient group ${other} already; an app is in one group` });
    }
  return problems;
}

/** The problems of groups that name an app which the repo does not have. */
export function unknownApps(groups: readonly RecipientGroup[], apps: readonly string[]): Problem[] {
  return groups.flatMap(({ name: group, apps: named }) =>
    named
      .filter(({ name }) => !apps.includes(name))
      .map(({ name, at }) => {
        const near = didYouMean(name, apps);
        return {
          at,
          message: `the recipient group ${group} names the app ${name}, which is not there`,
          hint: near && `did you mean ${near}?`,
        };
      }),
  );
}
