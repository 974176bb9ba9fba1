import type { DesiredApp } from '../../model/state.ts';
import type { SiteFacts } from '../facts/app-facts.ts';
import { isUp } from '../facts/containers.ts';
import { fateOfName } from '../facts/neighbours.ts';
import { wishesOf } from '../facts/others/holders.ts';
import { joinedBy } from '../facts/others/joined.ts';

/**
 * The apps that an app waits for, whatever `dependsOn` says: they let go of something that it gets (a port, data, a device, a name, a network), or make
 * something that it uses (a container that it joins, an external network or volume).
 */
export function waitedForAnyway(app: DesiredApp, facts: SiteFacts): string[] {
  const { neighbours, actual } = facts;
  const others = neighbours.apps.filter((each) => each !== app);
  const containers = app.services.flatMap((service) => service.containers);
  const holders = actual.containers.filter(({ identity }) => identity.app !== app.name);
  const found = [
    ...holders.filter((each) => isUp(each) && wishesOf(facts, each).some((wish) => wish.app === app.name)),
    ...holders.filter(
      (each) => containers.some(({ name }) => name === each.name) && fateOfName(neighbours, each).letsGo,
    ),
  ].map(({ identity }) => identity.app);
  for (const wanted of containers) for (const joined of joinedBy(app, wanted, neighbours)) found.push(joined.app.name);
  for (const kind of ['networks', 'volumes'] as const) {
    for (const { external, spec } of app[kind]) {
      const owner = external ? undefined : actual[kind][spec.Name]?.owner?.app;
      if (owner !== undefined) found.push(owner);
      if (external) found.push(...others.filter((each) => makes(each[kind], spec.Name)).map(({ name }) => name));
    }
  }
  return [...new Set(found)].filter((name) => name !== app.name);
}

const makes = (things: readonly { external: boolean; spec: { Name: string } }[], name: string): boolean =>
  things.some(({ external, spec }) => !external && spec.Name === name);
