import { entry } from '../../lib/maps/map-entry.ts';
import { own } from '../../lib/maps/own.ts';
import type { DesiredApp } from '../../model/state.ts';
import type { SiteFacts } from '../facts/app-facts.ts';
import { isUp } from '../facts/containers.ts';
import { fateOfName } from '../facts/neighbours.ts';
import { wishesOf } from '../facts/others/holders.ts';
import { joinedBy } from '../facts/others/joined.ts';

/**
 * Gives the apps that an app waits for, whatever `dependsOn` says: they let go of something that it gets (a port, data, a device, a name, a network), or make
 * something that it uses (a container that it joins, an external network or volume). The site is looked at once, with the first question.
 */
export function createOtherWaits(facts: SiteFacts): (app: DesiredApp) => string[] {
  const { neighbours, actual } = facts;
  const known = new Map<DesiredApp, string[]>();
  let releases: ReadonlyMap<string, ReadonlySet<string>> | undefined;

  const find = (app: DesiredApp): string[] => {
    releases ??= releasesOf(facts);
    const containers = app.services.flatMap((service) => service.containers);
    const joined = containers.flatMap((wanted) => joinedBy(app, wanted, neighbours).map((each) => each.app.name));
    const named = actual.containers.filter(
      (holder) => containers.some(({ name }) => name === holder.name) && fateOfName(neighbours, holder).letsGo,
    );
    const things = (['networks', 'volumes'] as const).flatMap((kind) =>
      app[kind].flatMap(({ external, spec }) => {
        const owner = own(actual[kind], spec.Name)?.owner;
        if (!external) return owner?.site === facts.site ? owner.app : [];
        return neighbours.apps.filter((each) => makes(each[kind], spec.Name)).map(({ name }) => name);
      }),
    );
    const all = [...(releases.get(app.name) ?? []), ...joined, ...named.map((each) => each.identity.app), ...things];
    return [...new Set(all)].filter((name) => name !== app.name);
  };
  return (app) => entry(known, app, () => find(app));
}

/** By app: the apps whose containers let go of something for it. */
function releasesOf(facts: SiteFacts): ReadonlyMap<string, ReadonlySet<string>> {
  const found = new Map<string, Set<string>>();
  for (const holder of facts.actual.containers.filter(isUp))
    for (const { app } of wishesOf(facts, holder)) entry(found, app, () => new Set<string>()).add(holder.identity.app);
  return found;
}

const makes = (things: readonly { external: boolean; spec: { Name: string } }[], name: string): boolean =>
  things.some(({ external, spec }) => !external && spec.Name === name);
