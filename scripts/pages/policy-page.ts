import { PROFILES } from '../../src/policy/profiles.ts';
import { type Entries, RULE_NAMES, RULES } from '../../src/policy/rules.ts';

const START = '<!-- rules -->';

/** The table of rules in docs/policy.md. */
export function rulesTable(): string {
  const rows = RULE_NAMES.map(
    (name) =>
      `| \`${name}\` | ${RULES[name].says} | ${shown(PROFILES.standard[name])} | ${shown(PROFILES.strict[name])} |\n`,
  );
  return `| rule | says | standard | strict |\n| --- | --- | --- | --- |\n${rows.join('')}`;
}

/** The page with the table of now. */
export function withRules(page: string): string {
  const [before = '', rest = ''] = page.split(`${START}\n\n`);
  const after = rest.replace(/^(\|.*\n)*\n?/, '');
  return `${before}${START}\n\n${rulesTable()}\n${after}`;
}

/** A longer list is cut after three entries. */
const MOST = 6;

function shown(entries: Entries): string {
  if (typeof entries === 'boolean') return entries ? 'yes' : 'no';
  if (entries.length === 0) return 'none';
  if (entries.includes('*')) return 'all';
  const named = entries.slice(0, entries.length > MOST ? 3 : MOST).map((entry) => `\`${entry}\``);
  const rest = entries.length - named.length;
  return `${named.join(', ')}${rest > 0 ? ` and ${rest} more` : ''}`;
}
