import type { AppMembers } from './members.ts';

/** The first line of a `.sops.yaml` that Holdfast may write over. */
export const RULES_MARK = '# Written by `holdfast recipients` from the placements of the apps. Edits here are lost.';

/** The readers of the files of one app. */
export interface SopsRule {
  app: string;
  /** The keys that its files are encrypted for, sorted. */
  recipients: string[];
  /** All keys whose owners may read them: those of the sites of a group as well. */
  readers: ReadonlySet<string>;
}

/**
 * The creation rules of SOPS for a fleet: the files of an app are encrypted for its group, or else for each site that runs it, and for `people`, who edit
 * them. An app that no site could read has no rule, so that sops refuses to encrypt a file of it.
 */
export function sopsRules(
  members: readonly AppMembers[],
  people: readonly string[],
  /** The current key of a group; undefined where it has none. */
  keyOf: (group: string) => string | undefined,
): SopsRule[] {
  return members.flatMap(({ app, keys, group }) => {
    const groupKey = group && keyOf(group.name);
    const ofSites = [...keys.values()].flat();
    const chosen = group ? (groupKey === undefined ? [] : [groupKey]) : ofSites;
    if (chosen.length === 0) return [];
    const recipients = [...new Set([...chosen, ...people])].sort();
    return { app, recipients, readers: new Set([...recipients, ...ofSites]) };
  });
}

export const rulesText = (rules: readonly SopsRule[]): string =>
  `${RULES_MARK}\n${rules.length > 0 ? `creation_rules:\n${rules.map(ruleText).join('')}` : 'creation_rules: []\n'}`;

const ruleText = ({ app, recipients }: SopsRule): string =>
  `  - path_regex: ^apps/${literally(app)}/\n    age: >-\n${recipients.map((key) => `      ${key}`).join(',\n')}\n`;

const literally = (name: string): string => name.replaceAll(/[.+]/g, '\\$&');
