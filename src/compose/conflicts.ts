import type { Problem } from '../lib/errors.ts';
import { alsoAt, type Claim, ClaimIndex, type Held } from './claims.ts';

/** An app and its claims: those of this revision, or those of its last good state. */
interface Claimant {
  name: string;
  claims: readonly (Claim | Held)[];
  /** The app keeps its last good state, because this revision is broken or lost a conflict. */
  isLastGood: boolean;
}

export interface Contender {
  name: string;
  /** The claims of this revision; undefined when the revision is broken. */
  claims: readonly Claim[] | undefined;
  /** The claims of the last good state; undefined when there is none. */
  held: readonly Held[] | undefined;
}

/**
 * Finds the apps that cannot have their claims, and their problems. If two apps claim one thing, the app that already held it keeps it. If both
 * held it, or neither, both lose, so that every new site gets the same result. An app that loses falls back to its last good state, whose
 * claims may conflict with other apps: so this repeats until no more apps lose. A thing that no app claims any more is free.
 */
export function conflictsOf(contenders: readonly Contender[]): Map<string, Problem[]> {
  const lost = new Map<string, Problem[]>();
  const held = new Map(contenders.map(({ name, held }) => [name, indexOf(held ?? [])]));
  for (;;) {
    const claimants = contenders.flatMap(({ name, claims, held }): Claimant[] => {
      if (claims && !lost.has(name)) return [{ name, claims, isLastGood: false }];
      return held ? [{ name, claims: held, isLastGood: true }] : [];
    });
    const losers = losersAmong(claimants, held);
    if (losers.size === 0) return lost;
    for (const [name, problems] of losers) lost.set(name, problems);
  }
}

function losersAmong(claimants: readonly Claimant[], held: ReadonlyMap<string, ClaimIndex>): Map<string, Problem[]> {
  const all = new ClaimIndex<Claimant>();
  for (const app of claimants) for (const claim of app.claims) all.add(claim, app);
  const losers = new Map<string, Problem[]>();
  for (const app of claimants) {
    if (app.isLastGood) continue;
    const seen = new Set<string>();
    const problems = app.claims.flatMap((claim) =>
      all.rivalsOf(claim).flatMap(({ claim: rival, of }): Problem[] => {
        const about = `${of.name} ${'text' in claim ? claim.text : ''}`;
        if (of === app || seen.has(about)) return [];
        const isHolder = held.get(app.name)?.rivalOf(rival) !== undefined;
        const isOtherHolder = of.isLastGood || held.get(of.name)?.rivalOf(claim) !== undefined;
        if (isHolder && !isOtherHolder) return [];
        seen.add(about);
        return [problemOf(app.name, claim, rival, of.name, isOtherHolder && !isHolder)];
      }),
    );
    if (problems.length > 0) losers.set(app.name, problems);
  }
  return losers;
}

function problemOf(app: string, claim: Claim | Held, rival: Claim | Held, other: string, keeps: boolean): Problem {
  const [text, at] = 'text' in claim ? [claim.text, claim.at] : ['something', undefined];
  const where = alsoAt('text' in rival ? rival.at : undefined);
  const message = `${text} is also claimed by the app ${other}${where}${keeps ? `; ${other} had it before and keeps it` : ''}`;
  return { message, app, at };
}

function indexOf(claims: readonly Held[]): ClaimIndex {
  const index = new ClaimIndex();
  for (const claim of claims) index.add(claim, undefined);
  return index;
}
