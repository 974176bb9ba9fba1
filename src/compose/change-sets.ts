import { ClaimIndex, type Held } from './claims.ts';

/** One side of an app, as far as it ties the app to others. */
export interface Ties {
  claims: readonly Held[];
  services: readonly string[];
  dependsOn: readonly string[];
}

/** An app that changes. A side is undefined where the app is not there. */
export interface ChangingApp {
  name: string;
  before: Ties | undefined;
  after: Ties | undefined;
}

/**
 * Puts apps together whose changes must begin together: a container name, port, volume, network, address or host path goes from one to the other, or a
 * service of one name does, or one depends on the other. Begun apart, one would take what the other still has, nobody would have it meanwhile, or one would
 * meet the other as it was before.
 */
export function changeSets(apps: readonly ChangingApp[]): string[][] {
  const setOf = new Map(apps.map(({ name }) => [name, [name]]));
  const tie = (a: string, b: string): void => {
    const [one, other] = [setOf.get(a), setOf.get(b)];
    if (!one || !other || one === other) return;
    one.push(...other);
    for (const name of other) setOf.set(name, one);
  };
  const removed = new Set(apps.flatMap(({ name, after }) => (after ? [] : [name])));
  const held = new ClaimIndex<string>();
  const leaving = new Map<string, string[]>();
  for (const { name, before, after } of apps) {
    for (const claim of before?.claims ?? []) held.add(claim, name);
    for (const service of before?.services ?? [])
      if (!after?.services.includes(service)) leaving.set(service, [...(leaving.get(service) ?? []), name]);
  }
  for (const { name, before, after } of apps) {
    for (const claim of after?.claims ?? []) for (const { of } of held.rivalsOf(claim)) tie(of, name);
    for (const service of after?.services ?? [])
      if (!before?.services.includes(service)) for (const other of leaving.get(service) ?? []) tie(other, name);
    for (const other of after?.dependsOn ?? []) tie(other, name);
    for (const other of before?.dependsOn ?? []) if (!after || removed.has(other)) tie(other, name);
  }
  return [...new Set(setOf.values())].map((set) => set.sort());
}
