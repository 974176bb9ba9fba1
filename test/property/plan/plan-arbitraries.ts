import * as fc from 'fast-check';
import type { ContainerSpec } from '../../../src/model/spec.ts';
import type { ActualContainer, ActualSite, DesiredApp, DesiredSite, UpdatePolicy } from '../../../src/model/state.ts';
import {
  app,
  dependent,
  file,
  network,
  type Part,
  type ServiceOptions,
  service,
  site,
  volume,
} from '../../support/site/site-builder.ts';

/** Small sites in which everything that the planner knows of occurs, and what people do to them. */

const NAMES = ['a', 'b', 'c', 'd'] as const;

interface Recipe {
  image: number;
  replicas: number;
  behaviour: 'run' | 'once';
  restart: 'no' | 'always' | 'on-failure';
  memory: number;
  healthy: boolean;
  nets: ('default' | 'x' | 'y')[];
  joins: boolean;
  binds: boolean;
  mounts: boolean;
  port: number;
  condition: 'started' | 'healthy' | 'completed' | 'none';
  required: boolean;
  restarts: boolean;
  named: boolean;
  /** `deploy.update_config`: replicas at once; 0: none. */
  parallelism: number;
  startFirst: boolean;
}

const recipe: fc.Arbitrary<Recipe> = fc.record({
  image: fc.integer({ min: 1, max: 2 }),
  replicas: fc.constantFrom(1, 1, 1, 2, 3),
  behaviour: fc.constantFrom('run', 'run', 'run', 'once'),
  restart: fc.constantFrom('no', 'always', 'on-failure'),
  memory: fc.constantFrom(0, 0, 64, 128),
  healthy: fc.boolean(),
  nets: fc.subarray(['default', 'x', 'y'], { minLength: 1 }),
  joins: fc.boolean(),
  binds: fc.boolean(),
  mounts: fc.boolean(),
  port: fc.constantFrom(0, 0, 1, 2),
  condition: fc.constantFrom('started', 'healthy', 'completed', 'none'),
  required: fc.boolean(),
  restarts: fc.boolean(),
  named: fc.boolean(),
  parallelism: fc.constantFrom(0, 1, 1, 2),
  startFirst: fc.boolean(),
});

const appRecipe = fc.record({
  services: fc.dictionary(fc.constantFrom(...NAMES), recipe, { maxKeys: 4, noNullPrototype: true }),
  internal: fc.boolean(),
  content: fc.constantFrom('one', 'two'),
});
type AppRecipe = typeof appRecipe extends fc.Arbitrary<infer T> ? T : never;

function build(name: string, { services, internal, content }: AppRecipe): DesiredApp {
  const parts: Part[] = [
    network('x', { Internal: internal }),
    network('y'),
    volume('data'),
    file(`/apps/${name}/conf`, content),
  ];
  const ports = new Set<number>();
  const named = new Set<string>();
  const sorted = Object.entries(services).sort(([a], [b]) => (a < b ? -1 : 1));
  for (const [index, [own, wanted]] of sorted.entries()) {
    const previous = sorted[index - 1];
    parts.push(service(own, specOf(name, own, wanted, previous, ports), optionsOf(wanted, previous, content, named)));
  }
  return app(name, ...parts);
}

function specOf(
  app: string,
  own: string,
  wanted: Recipe,
  previous: [string, Recipe] | undefined,
  ports: Set<number>,
): Partial<ContainerSpec> {
  const joins = wanted.joins && previous !== undefined && previous[1].behaviour === 'run';
  // Two services never publish the same port: that is refused before a plan is made.
  const publishes = wanted.port > 0 && !ports.has(wanted.port) && wanted.replicas === 1 && !joins;
  if (publishes) ports.add(wanted.port);
  const aliases = { Aliases: [own] };
  const mounts = [
    ...(wanted.binds ? [{ Type: 'bind' as const, Source: `/apps/${app}/conf`, Target: '/conf' }] : []),
    ...(wanted.mounts ? [{ Type: 'volume' as const, Source: `${app}_data`, Target: '/data' }] : []),
  ];
  return {
    Image: `${own}:${wanted.image}`,
    Cmd: [wanted.behaviour],
    RestartPolicy: { Name: wanted.behaviour === 'once' && wanted.restart === 'always' ? 'no' : wanted.restart },
    ...(wanted.memory > 0 && { Memory: wanted.memory * 2 ** 20 }),
    ...(wanted.healthy && wanted.behaviour === 'run' && { Healthcheck: { Test: ['CMD', 'true'] } }),
    ...(mounts.length > 0 && { Mounts: mounts }),
    ...(publishes && { PortBindings: [{ Container: '80/tcp', HostIp: '', HostPort: String(8000 + wanted.port) }] }),
    ...(joins
      ? { NetworkMode: `service:${previous[0]}` }
      : { Networks: Object.fromEntries(wanted.nets.map((net) => [`${app}_${net}`, aliases])) }),
  };
}

function optionsOf(
  wanted: Recipe,
  previous: [string, Recipe] | undefined,
  content: string,
  named: Set<string>,
): ServiceOptions {
  const joins = wanted.joins && previous !== undefined && previous[1].behaviour === 'run';
  const condition = previous && possible(wanted.condition, previous[1]);
  const containerName = wanted.named && wanted.replicas === 1 ? `name-${wanted.image}` : undefined;
  const isFree = containerName !== undefined && !named.has(containerName);
  if (isFree) named.add(containerName);
  return {
    replicas: wanted.replicas,
    ...(isFree && { containerName }),
    filesDigest: wanted.binds ? content : '',
    ...(wanted.replicas > 1 && wanted.parallelism > 0 && { update: updateOf(wanted) }),
    ...(previous &&
      condition !== 'none' && {
        dependsOn: {
          [previous[0]]: { condition: condition as 'started', required: wanted.required, restart: wanted.restarts },
        },
      }),
    ...(previous && joins && condition === 'none' && { dependsOn: { [previous[0]]: { restart: true } } }),
  };
}

const updateOf = ({ parallelism, startFirst }: Recipe): UpdatePolicy => ({
  parallelism,
  delayMs: 1000,
  monitorMs: 0,
  failureAction: 'continue',
  maxFailureRatio: 0,
  order: startFirst ? 'start-first' : 'stop-first',
});

/** Only conditions that can come to hold: one that never does is not supposed to converge. */
function possible(condition: Recipe['condition'], on: Recipe): Recipe['condition'] {
  if (condition === 'healthy') return on.healthy && on.behaviour === 'run' ? 'healthy' : 'started';
  if (condition === 'completed') return on.behaviour === 'once' ? 'completed' : 'started';
  return condition;
}

const siteRecipe = fc.record({
  shop: appRecipe,
  till: fc.option(appRecipe, { nil: undefined }),
  /** The apps that depend on the other one. The last good states of two commits may do so in a circle. */
  dependents: fc.constantFrom<readonly string[]>([], ['till'], ['shop'], ['shop', 'till']),
});
type SiteRecipe = typeof siteRecipe extends fc.Arbitrary<infer T> ? T : never;

function sited({ shop, till, dependents }: SiteRecipe): DesiredSite {
  const shops = site(build('shop', dependents.includes('till') ? ending(shop) : shop));
  const second = till && { ...till, services: quiet(till.services) };
  const both = second
    ? site(...shops.apps, build('till', dependents.includes('shop') ? ending(second) : second))
    : shops;
  const others: Record<string, string> = { shop: 'till', till: 'shop' };
  return {
    ...both,
    apps: both.apps.map((each) =>
      till && dependents.includes(each.name) ? dependent(each, others[each.name] as string) : each,
    ),
    allowEmpty: true,
  };
}
/** An app that another one waits for: `restart: "no"` is for what ends. */
const ending = (recipe: AppRecipe): AppRecipe => ({
  ...recipe,
  services: Object.fromEntries(
    Object.entries(recipe.services).map(([name, each]) => [
      name,
      each.behaviour === 'run' && each.restart === 'no' ? { ...each, restart: 'on-failure' as const } : each,
    ]),
  ),
});

/** Ports and names of the second app are its own. */
const quiet = (services: AppRecipe['services']): AppRecipe['services'] =>
  Object.fromEntries(Object.entries(services).map(([name, each]) => [name, { ...each, port: 0, named: false }]));

const trusting = (git: DesiredSite): DesiredSite => ({
  ...git,
  apps: git.apps.map((each) => ({ ...each, sync: { automated: { prune: true, selfHeal: true, allowEmpty: true } } })),
});

export const desiredSites: fc.Arbitrary<DesiredSite> = siteRecipe.map(sited).map(trusting);

/** Two revisions, the second of which is the first with some services changed, or quite another one. */
export const revisions: fc.Arbitrary<[DesiredSite, DesiredSite]> = fc
  .tuple(siteRecipe, siteRecipe, fc.array(fc.boolean(), { minLength: 4, maxLength: 4 }))
  .map(([from, to, keep]) => {
    const services = { ...to.shop.services };
    for (const [index, name] of NAMES.entries()) {
      const before = from.shop.services[name];
      if (keep[index] && before) services[name] = before;
    }
    return [trusting(sited(from)), trusting(sited({ ...to, shop: { ...to.shop, services } }))];
  });

export type Corruption = (actual: ActualSite) => void;

const toOne = (change: (container: ActualContainer, actual: ActualSite) => void): fc.Arbitrary<Corruption> =>
  fc.nat(20).map((which) => (actual) => {
    const container = actual.containers[which % (actual.containers.length || 1)];
    if (container) change(container, actual);
  });

/** The damage that people and power cuts do to a site. */
export const corruptions: fc.Arbitrary<Corruption[]> = fc.array(
  fc.oneof(
    toOne((c) => Object.assign(c, { status: 'exited', exitCode: 137, health: 'none' })),
    toOne((c) => Object.assign(c, { status: 'created', startedAt: '', health: 'none' })),
    toOne((c) => Object.assign(c, { status: 'paused' })),
    toOne((c) => Object.assign(c, { status: 'dead', health: 'none' })),
    toOne((c) => Object.assign(c, { status: 'removing', health: 'none' })),
    toOne((c, actual) => {
      if (!actual.containers.some(({ name }) => name === 'odd')) c.name = 'odd';
    }),
    toOne((c, actual) => void actual.containers.splice(actual.containers.indexOf(c), 1)),
    toOne((c) => Object.assign(c, { spec: { ...c.spec, User: 'mallory' } })),
    toOne((c) => Object.assign(c, { spec: { ...c.spec, Memory: 32 * 2 ** 20 } })),
    toOne((c) => Object.assign(c, { specHash: '', filesDigest: undefined, contentDigest: undefined })),
    toOne((c) => {
      if (c.spec.Networks) Object.assign(c, { spec: { ...c.spec, Networks: {} }, networkIds: {} });
    }),
    toOne((c, actual) => {
      if (!c.spec.Networks || !actual.networks.outside) return;
      Object.assign(c, {
        spec: { ...c.spec, Networks: { ...c.spec.Networks, outside: {} } },
        networkIds: { ...c.networkIds, outside: 'id-of-outside' },
      });
    }),
    toOne((c, actual) => {
      // A copy that somebody ran by the same labels.
      if (actual.containers.some(({ id }) => id === `copy-of-${c.id}`)) return;
      const { PortBindings, ...spec } = c.spec;
      actual.containers.push({ ...structuredClone(c), id: `copy-of-${c.id}`, name: `copy-${c.name}`, spec });
    }),
    fc.constant((actual: ActualSite) => {
      // A network can be deleted when no running container is on it, and made again by a person.
      const used = actual.containers
        .filter(({ status }) => status !== 'exited')
        .flatMap(({ spec }) => Object.keys(spec.Networks ?? {}));
      for (const name of Object.keys(actual.networks)) if (!used.includes(name)) delete actual.networks[name];
    }),
    fc.constant((actual: ActualSite) => {
      for (const path of Object.keys(actual.files)) actual.files[path] = { digest: 'changed', mode: 0o644 };
    }),
    fc.constant((actual: ActualSite) => {
      actual.files = {};
    }),
  ),
  { maxLength: 5 },
);

/** Things of others on the same engine. */
export function neighbours(actual: ActualSite): ActualSite {
  return {
    ...actual,
    foreignNames: { neighbour: '0123456789ab' },
    networks: {
      ...actual.networks,
      outside: { id: 'id-of-outside', spec: { Name: 'outside' }, owner: undefined },
      elsewhere: {
        id: 'id-of-elsewhere',
        spec: { Name: 'elsewhere' },
        owner: { site: 'other', app: 'shop', key: 'x' },
      },
    },
    volumes: { ...actual.volumes, precious: { spec: { Name: 'precious' }, owner: undefined } },
  };
}
