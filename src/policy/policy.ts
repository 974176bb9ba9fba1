import { own } from '../lib/maps/own.ts';
import type { DesiredApp } from '../model/state.ts';
import type { Asking, PlacedAsk, SitePlaces } from './asks.ts';
import { appAsks } from './classes/app.ts';
import { type Ceilings, excesses } from './limits.ts';
import { PROFILES, type ProfileName } from './profiles.ts';
import { allows, denies, type Entries, type RuleName } from './rules.ts';

/** The rules that a person wrote for all apps, or for one. */
export interface OwnRules {
  /** In place of the list of the profile. */
  allow: Readonly<Partial<Record<RuleName, Entries>>>;
  /** Taken away from what is allowed. */
  deny: Readonly<Partial<Record<RuleName, Entries>>>;
  limits: Ceilings;
}

/** Everything that a site allows, whatever Git says. */
export interface Policy extends OwnRules {
  profile: ProfileName;
  /** An app that runs and that the policy forbids keeps running, or is stopped. */
  onViolation: 'keep' | 'stop';
  /** An app's own rules: its `allow` is in place of that for all apps, its `deny` comes on top. */
  apps: Readonly<Record<string, OwnRules>>;
  /** The digest of the text. */
  digest: string;
}

/** Something that an app asks for and that the policy refuses. */
export interface Violation extends Asking {
  rule: RuleName | keyof Ceilings;
  /** The value, with the key that asks for it: `volumes: /etc at /host`. */
  words: string;
}

/** Everything that a policy refuses of an app. Pure: the same app has the same violations on every site with these places. */
export function violationsOf(policy: Policy, app: DesiredApp, places: SitePlaces): Violation[] {
  const refused = appAsks({ app, places }).filter((ask) => !isAllowed(policy, app.name, ask));
  const ceilings = { ...policy.limits, ...own(policy.apps, app.name)?.limits };
  return [...refused.map(({ value: _, ...asking }) => asking), ...excesses(app, ceilings)];
}

/** It is among what is allowed, and not denied. */
export function isAllowed(policy: Policy, app: string, { rule, value }: Pick<PlacedAsk, 'rule' | 'value'>): boolean {
  const forApp = own(policy.apps, app);
  const allowed = forApp?.allow[rule] ?? policy.allow[rule] ?? PROFILES[policy.profile][rule];
  const denied = [policy.deny[rule], forApp?.deny[rule]];
  return (
    allows(rule, allowed, value) && !denied.some((entries) => entries !== undefined && denies(rule, entries, value))
  );
}
