import { ADOPTING } from '../world/adoption.ts';
import type { Random } from '../world/random.ts';
import type { AppModel, RepoModel, ServiceModel } from './repo-model.ts';
import { allowed } from './variations.ts';

/** Repositories of images that the simulated registry has, each with three tags. */
export const IMAGES = ['web', 'db', 'tool'] as const;
export const TAGS = ['1', '2', '3'] as const;

const APPS: readonly string[] = ['shop', 'till', 'signs'];
const SERVICES: readonly string[] = ['front', 'back', 'cache', 'sync'];
const NETWORKS = ['default', 'inner', 'outer'] as const;

/** The commits of people: a first repo, and one change after another. */
export function firstRepo(random: Random, site: string): RepoModel {
  const apps = APPS.slice(0, random.between(1, APPS.length)).map((name) => newApp(random, name));
  return { site, apps, pin: '' };
}

/** Now and then an app depends on others that come earlier in the list, whatever of them is in Git. */
export function reordered(random: Random, repo: RepoModel): RepoModel {
  const apps = repo.apps.map((app) => {
    if (!random.chance(0.3)) return app;
    const others = APPS.slice(0, APPS.indexOf(app.name)).filter(() => random.chance(0.6));
    return { ...app, dependsOn: others.length > 0 ? others : undefined };
  });
  const awaited = new Set(apps.flatMap(({ dependsOn = [] }) => dependsOn));
  // `restart: "no"` is for what ends.
  for (const { services } of apps.filter(({ name }) => awaited.has(name)))
    for (const service of services)
      if (service.behaviour !== 'job' && service.restart === 'no') service.restart = 'on-failure';
  return { ...repo, apps };
}

/** Takes the sharing out of a repo. */
export function withoutSharing(repo: RepoModel): RepoModel {
  for (const { services } of repo.apps) for (const service of services) service.joins = '';
  return repo;
}

/** One commit's worth of change; the model handed in stays as it is. */
export function change(random: Random, before: RepoModel): RepoModel {
  const repo = structuredClone(before);
  const missing = APPS.filter((name) => !repo.apps.some((app) => app.name === name));
  if (missing.length > 0 && random.chance(0.1)) repo.apps.push(newApp(random, random.pick(missing)));
  else if (repo.apps.length > 1 && random.chance(0.06)) repo.apps.splice(random.between(0, repo.apps.length - 1), 1);
  else for (let edits = random.between(1, 3); edits > 0; edits -= 1) editApp(random, random.pick(repo.apps));
  return repo;
}

/** The same, with nothing that the loader or a site refuses. */
export function readable(before: RepoModel): RepoModel {
  const repo = allowed(before);
  for (const app of repo.apps) app.broken = false;
  return repo;
}

/** The same, with everything mended that would keep it from ever being well, and nothing pinned. */
export function mended(before: RepoModel): RepoModel {
  const repo = allowed(before);
  repo.pin = '';
  for (const app of repo.apps) {
    app.broken = false;
    for (const service of app.services) {
      if (service.behaviour === 'crash' || service.behaviour === 'settle') service.behaviour = 'serve';
      if (service.image.startsWith('missing:')) service.image = 'web:1';
    }
    tidy(app);
  }
  return repo;
}

function newApp(random: Random, name: string): AppModel {
  const services = SERVICES.slice(0, random.between(1, 3)).map((service) => newService(random, service));
  const app: AppModel = { name, services, networks: {}, volumes: [], file: `of ${name}\n`, broken: false };
  tidy(app);
  return app;
}

function newService(random: Random, name: string): ServiceModel {
  const job = random.chance(0.15);
  return {
    name,
    image: `${random.pick(IMAGES)}:${random.pick(TAGS)}`,
    behaviour: job ? 'job' : 'serve',
    restart: job ? random.pick(['no', 'on-failure']) : random.pick(['no', 'always', 'unless-stopped', 'on-failure']),
    environment: random.chance(0.5) ? { MODE: random.hex(4) } : {},
    labels: random.chance(0.3) ? { team: random.hex(4) } : {},
    memory: random.chance(0.4) ? random.pick([32, 64, 128]) : 0,
    replicas: random.chance(0.2) ? 2 : 1,
    networks: NETWORKS.filter(() => random.chance(0.4)),
    alias: random.chance(0.4) ? `${name}-alias` : '',
    volume: random.chance(0.3) ? 'data' : '',
    port: random.chance(0.25) ? random.between(8001, 8006) : 0,
    readyAfter: random.chance(0.35) ? random.between(500, 6000) : 0,
    dependsOn: random.chance(0.6) ? { front: 'service_started' } : {},
    bindsFile: random.chance(0.25),
    config: random.chance(0.2) ? random.hex(8) : '',
    pullAlways: random.chance(0.1),
    joins: random.chance(0.1) ? 'front' : '',
    hooks: random.chance(0.3),
    paced: random.pick(['', 'pause', 'continue']),
    startFirst: random.chance(0.4),
  };
}

function editApp(random: Random, app: AppModel): void {
  const service = random.pick(app.services);
  const edits: (() => void)[] = [
    () => {
      service.image = `${random.pick(IMAGES)}:${random.pick(TAGS)}`;
    },
    () => {
      service.image = `${service.image.split(':')[0]}:${random.pick(TAGS)}`;
    },
    () => {
      service.environment = { MODE: random.hex(4) };
    },
    () => {
      service.memory = random.pick([0, 32, 64, 128, 256]);
    },
    () => {
      service.replicas = random.between(0, 3);
    },
    () => {
      service.networks = NETWORKS.filter(() => random.chance(0.5));
    },
    () => {
      service.alias = random.chance(0.5) ? `alias-${random.hex(2)}` : '';
    },
    () => {
      service.restart = random.pick(['no', 'always', 'unless-stopped', 'on-failure']);
    },
    () => {
      service.readyAfter = random.chance(0.5) ? random.between(500, 9000) : 0;
    },
    () => {
      service.port = random.chance(0.6) ? random.between(8001, 8006) : 0;
    },
    () => {
      service.config = random.chance(0.7) ? random.hex(8) : '';
    },
    () => {
      service.bindsFile = !service.bindsFile;
    },
    () => {
      service.volume = service.volume ? '' : random.pick(['data', 'more']);
    },
    () => {
      app.file = `${random.hex(8)}\n`;
    },
    () => {
      const key = random.pick(Object.keys(app.networks).concat('inner'));
      app.networks[key] = random.hex(4);
    },
    () => {
      service.behaviour = random.pick(['serve', 'serve', 'job', 'crash', 'settle']);
      if (service.behaviour === 'job') service.restart = random.pick(['no', 'on-failure']);
    },
    () => {
      const unused = SERVICES.filter((name) => !app.services.some((other) => other.name === name));
      if (unused.length > 0) app.services.push(newService(random, random.pick(unused)));
    },
    () => {
      if (app.services.length > 1) app.services.splice(app.services.indexOf(service), 1);
    },
    () => {
      const other = random.pick(app.services);
      service.dependsOn = {
        [other.name]: random.pick(['service_started', 'service_healthy', 'service_completed_successfully']),
      };
    },
    () => {
      app.broken = !app.broken;
    },
    () => {
      service.image = 'missing:1';
    },
    () => {
      service.hooks = !service.hooks;
    },
    () => {
      service.pullAlways = !service.pullAlways;
    },
    () => {
      service.startFirst = !service.startFirst;
    },
    () => {
      service.joins = service.joins ? '' : random.pick(app.services).name;
    },
  ];
  random.pick(edits)();
  tidy(app);
}

/** Puts right what the loader would refuse, as authors do who run `validate`. */
function tidy(app: AppModel): void {
  const seen: string[] = [];
  for (const service of app.services) {
    const reachable = Object.entries(service.dependsOn).filter(([name]) => seen.includes(name));
    service.dependsOn = Object.fromEntries(
      reachable.map(([name, condition]) => {
        const target = app.services.find((other) => other.name === name);
        const runs = target !== undefined && target.replicas > 0;
        if (condition === 'service_healthy' && (!runs || target.readyAfter === 0)) return [name, 'service_started'];
        if (condition === 'service_completed_successfully' && (!runs || target.behaviour !== 'job'))
          return [name, 'service_started'];
        return [name, condition];
      }),
    );
    // Nobody can see the files that docker compose put into a container: an app where it may be at work has none.
    if (ADOPTING.has(app.name)) service.config = '';
    if (service.behaviour === 'job' && (service.restart === 'always' || service.restart === 'unless-stopped')) {
      service.restart = 'no';
    }
    // A job is not up long enough to be found healthy, or for a hook.
    if (service.behaviour === 'job') Object.assign(service, { readyAfter: 0, hooks: false });
    if (service.replicas > 1) service.port = 0;
    // Two of them can neither have one host port nor one network namespace; authors want sometimes the one and sometimes the other.
    if (service.startFirst && (service.port > 0 || service.joins)) service.startFirst = false;
    const joined = app.services.find(({ name }) => name === service.joins && seen.includes(name));
    if (joined?.behaviour !== 'serve' || joined.replicas === 0) service.joins = '';
    if (service.joins) Object.assign(service, { networks: [], alias: '', port: 0 });
    // A range of ports for each app: two apps that claim one are another story. A service that depends on another one keeps a port of its own,
    // since it cannot hand it over to one that must be replaced before it; nor could docker compose.
    const own = Object.keys(service.dependsOn).length > 0 ? 10 + SERVICES.indexOf(service.name) : 0;
    if (service.port > 0) service.port = 8000 + 100 * APPS.indexOf(app.name) + (own || ((service.port % 10) % 6) + 1);
    seen.push(service.name);
  }
  const ports = new Set<number>();
  for (const service of app.services) {
    if (ports.has(service.port)) service.port = 0;
    if (service.port > 0) ports.add(service.port);
  }
  const used = new Set(app.services.flatMap(({ networks }) => networks));
  app.networks = Object.fromEntries([...used].sort().map((key) => [key, app.networks[key] ?? 'first']));
  app.volumes = [...new Set(app.services.flatMap(({ volume }) => volume || []))].sort();
}
