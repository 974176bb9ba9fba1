import type { AppMembers } from './members.ts';
import type { ValuesReaders } from './values-files.ts';

/** The first line of a `.sops.yaml` that Holdfast may write over. */
export const RULES_MARK = '# Written by `holdfast recipients` from the placements of the apps. Edits here are lost.';

/** The readers of the files of one app, or of one file. */
export interface SopsRule {
  /** The folder of an app, which ends in a slash, or a file. */
  path: string;
  /** The keys that its files are encrypted for, sorted. */
  recipients: string[];
  /** All keys whose owners may read them: those of the sites of a group as well. */
  readers: ReadonlySet<string>;
}

/**
 * The creation rules of SOPS for a fleet, the first one for a path counts: a file under `valuesFrom` is encrypted for all apps and Sites that name it; the files of an
 * app for its group, or else for each site that runs it; and all for `people`, who edit them. A file that no site could read has no rule, so that sops refuses to
 * encrypt it.
 */
export function sopsRules(
  members: readonly AppMembers[],
  values: readonly ValuesReaders[],
  people: readonly string[],
  /** The current key of a group; undefined where it has none. */
  keyOf: (group: string) => string | undefined,
): SopsRule[] {
  const keysOf = ({ keys, group }: AppMembers): string[] => {
    const groupKey = group && keyOf(group.name);
    return group ? (groupKey === undefined ? [] : [groupKey]) : [...keys.values()].flat();
  };
  const rule = (path: string, apps: readonly AppMembers[], ofSites: readonly string[] = []): SopsRule[] => {
    const chosen = [...apps.flatMap(keysOf), ...ofSites];
    if (chosen.length === 0) return [];
    const recipients = [...new Set([...chosen, ...people])].sort();
    return [
      { path, recipients, readers: new Set([...recipients, ...apps.flatMap(({ keys }) => [...keys.values()].flat())]) },
    ];
  };
  return [
    ...values.flatMap(({ path, apps, ofSites }) =>
      rule(
        path,
        members.filter(({ app }) => apps.has(app)),
        ofSites,
      ),
    ),
    ...members.flatMap((each) => rule(`apps/${each.app}/`, [each])),
  ];
}

/** The rule for a file of the repo: the first that is for it. */
export const ruleFor = (path: string, rules: readonly SopsRule[]): SopsRule | undefined =>
  rules.find((rule) => (rule.path.endsWith('/') ? path.startsWith(rule.path) : path === rule.path));

export const rulesText = (rules: readonly SopsRule[]): string =>
  `${RULES_MARK}\n${rules.length > 0 ? `creation_rules:\n${rules.map(ruleText).join('')}` : 'creation_rules: []\n'}`;

function ruleText({ path, recipients }: SopsRule): string {
  const pattern = `^${literally(path)}${path.endsWith('/') ? '' : '$'}`;
  const text = /^[\w^/.$\\-]+$/.test(pattern) ? pattern : JSON.stringify(pattern);
  return `  - path_regex: ${text}\n    age: >-\n${recipients.map((key) => `      ${key}`).join(',\n')}\n`;
}

const literally = (path: string): string => path.replaceAll(/[\\^$.*+?()[\]{}|]/g, '\\$&');
