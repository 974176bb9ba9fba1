import type { Problem } from '../lib/errors.ts';
import { type Claim, ClaimIndex, type Held, placeText } from './claims.ts';

/** An app as it stands: with all its claims, or with those of its last good state. */
interface Standing {
  name: string;
  claims: readonly (Claim | Held)[];
  /** What was accepted before stays: nothing newer of it can be used. */
  isKept: boolean;
}

export interface Contender {
  name: string;
  /** undefined: this revision breaks it. */
  claims: readonly Claim[] | undefined;
  /** What it was accepted with before; undefined: nothing. */
  held: readonly Held[] | undefined;
}

/**
 * The problems of the apps that cannot have what they claim, by app. Who was accepted with a claim keeps it, and the newcomer goes without; where
 * neither was, or both were, both do, so that every new site comes to the same. Who goes without stands with what it held before, which others may
 * want: so it is asked again until nobody else falls. What nobody claims any more is free.
 */
export function conflictsOf(contenders: readonly Contender[]): Map<string, Problem[]> {
  const lost = new Map<string, Problem[]>();
  const held = new Map(contenders.map(({ name, held }) => [name, indexOf(held ?? [])]));
  for (;;) {
    const standing = contenders.flatMap(({ name, claims, held }): Standing[] => {
      if (claims && !lost.has(name)) return [{ name, claims, isKept: false }];
      return held ? [{ name, claims: held, isKept: true }] : [];
    });
    const fallen = fall(standing, held);
    if (fallen.size === 0) return lost;
    for (const [name, problems] of fallen) lost.set(name, problems);
  }
}

function fall(standing: readonly Standing[], held: ReadonlyMap<string, ClaimIndex>): Map<string, Problem[]> {
  const all = new ClaimIndex<Standing>();
  for (const app of standing) for (const claim of app.claims) all.add(claim, app);
  const fallen = new Map<string, Problem[]>();
  for (const app of standing) {
    if (app.isKept) continue;
    const seen = new Set<string>();
    const problems = app.claims.flatMap((claim) =>
      all.rivalsOf(claim).flatMap(({ claim: rival, of }): Problem[] => {
        const about = `${of.name} ${'text' in claim ? claim.text : ''}`;
        if (of === app || seen.has(about)) return [];
        const isHolder = held.get(app.name)?.rivalOf(rival) !== undefined;
        const isOtherHolder = of.isKept || held.get(of.name)?.rivalOf(claim) !== undefined;
        if (isHolder && !isOtherHolder) return [];
        seen.add(about);
        return [problemOf(app.name, claim, rival, of.name, isOtherHolder && !isHolder)];
      }),
    );
    if (problems.length > 0) fallen.set(app.name, problems);
  }
  return fallen;
}

function problemOf(app: string, claim: Claim | Held, rival: Claim | Held, other: string, keeps: boolean): Problem {
  const [text, at] = 'text' in claim ? [claim.text, claim.at] : ['something', undefined];
  const place = placeText('text' in rival ? rival.at : undefined);
  const message = `${text} is taken by the app ${other}, too${place}${keeps ? `; ${other} had it before and keeps it` : ''}`;
  return { message, app, at };
}

function indexOf(claims: readonly Held[]): ClaimIndex {
  const index = new ClaimIndex();
  for (const claim of claims) index.add(claim, undefined);
  return index;
}
