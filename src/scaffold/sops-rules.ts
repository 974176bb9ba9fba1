import type { Application, BrokenApplication } from '../fleet/applications.ts';
import { selects } from '../fleet/keys/selector.ts';
import type { SiteDocument } from '../model/fleet.ts';

/** The first line of a `.sops.yaml` that Holdfast may write over. */
export const RULES_MARK = '# Written by `holdfast recipients` from the placements of the apps. Edits here are lost.';

export interface SopsRules {
  /** The content of `.sops.yaml`. */
  text: string;
  /** The sites of each app that name no recipients, so that they cannot read its files. */
  without: { app: string; sites: string[] }[];
  /** The number of apps that have a rule. */
  apps: number;
}

/**
 * The creation rules of SOPS for a fleet: the files of an app are encrypted for the sites that run it, and for `also`, the people
 * who edit them. An app without any recipient has no rule, so that sops refuses to encrypt a file that no site could read.
 */
export function sopsRules(
  applications: readonly (Application | BrokenApplication)[],
  sites: readonly SiteDocument[],
  also: readonly string[] = [],
): SopsRules {
  const rules: string[] = [];
  const without: SopsRules['without'] = [];
  for (const application of applications) {
    if ('problems' in application) continue;
    const { app } = application;
    const chosen = sites.filter((site) => selects(app.placement, site));
    const silent = chosen.filter(({ recipients = [] }) => recipients.length === 0).map(({ name }) => name);
    const keys = new Set(chosen.flatMap(({ recipients = [] }) => recipients));
    if (keys.size === 0) {
      if (chosen.length > 0) without.push({ app: app.name, sites: silent });
      continue;
    }
    if (silent.length > 0) without.push({ app: app.name, sites: silent });
    const all = [...new Set([...keys, ...also])].sort();
    rules.push(
      `  - path_regex: ^apps/${literally(app.name)}/\n    age: >-\n${all.map((key) => `      ${key}`).join(',\n')}\n`,
    );
  }
  const text = `${RULES_MARK}\n${rules.length > 0 ? `creation_rules:\n${rules.join('')}` : 'creation_rules: []\n'}`;
  return { text, without, apps: rules.length };
}

const literally = (name: string): string => name.replaceAll(/[.+]/g, '\\$&');
