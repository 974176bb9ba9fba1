import { SECRETS_DIR } from '../../../src/compose/load/values/values.ts';
import type { Machine } from '../world/engine/machine.ts';
import { isUp, type SimContainer } from '../world/engine/records.ts';
import { type Place, placeOf } from '../world/monitors.ts';
import { type AppModel, COMMANDS, type RepoModel, type ServiceModel } from './repo-model.ts';
import { plainOf, shownSecret } from './sealed.ts';
import type { World } from './world.ts';

/**
 * The faults of a site, told from what was committed and what the engine holds, without any of the code under test. Empty when all is
 * as it should be.
 */
export function complaints(repo: RepoModel, world: World): string[] {
  const { filesDir, disk } = world;
  const { machine } = world.engine;
  const found: string[] = [];
  for (const id of world.foreign) {
    const foreign = machine.containers.get(id);
    if (!foreign) found.push(`the foreign container ${id.slice(0, 12)} is gone`);
    else if (foreign.status !== 'running') found.push(`the foreign container ${foreign.name} is ${foreign.status}`);
  }
  const ours = [...machine.containers.values()].filter((one) => placeOf(one)?.site === repo.site);
  const claimed = new Set<SimContainer>();

  for (const app of repo.apps) {
    for (const service of app.services) {
      for (let number = 1; number <= service.replicas; number += 1) {
        const place: Place = { site: repo.site, app: app.name, service: service.name, number };
        const holders = ours.filter((one) => samePlace(placeOf(one), place));
        const what = `${app.name}-${service.name}-${number}`;
        for (const holder of holders) claimed.add(holder);
        if (holders.length === 0 && service.behaviour === 'job') continue;
        const [holder] = holders;
        if (!holder || holders.length > 1) found.push(`${what}: ${holders.length} containers`);
        else found.push(...wrongWith(holder, what, app, service, machine, world).map((text) => `${what}: ${text}`));
      }
    }
    if (app.services.some(({ bindsFile, replicas }) => bindsFile && replicas > 0)) {
      const content = disk.peek(`${filesDir}/${app.name}/conf/app.conf`);
      if (new TextDecoder().decode(content) !== app.file) found.push(`${app.name}: its file is not as in Git`);
    }
    if (app.sealed && app.services.some(({ uses, replicas }) => uses === 'file' && replicas > 0)) {
      const content = disk.peek(secretPath(app));
      if (new TextDecoder().decode(content) !== plainOf(app.sealed))
        found.push(`${app.name}: its secret is another one`);
    }
    for (const key of usedNetworks(app)) {
      const network = machine.network(`${app.name}_${key}`);
      if (!network) found.push(`network ${app.name}_${key} is missing`);
      else if (key in app.networks && network.body.Labels?.text !== app.networks[key])
        found.push(`network ${key} is an old one`);
    }
    for (const key of app.volumes)
      if (!machine.volumes.has(`${app.name}_${key}`)) found.push(`volume ${key} is missing`);
  }
  for (const path of disk.paths().filter((each) => each.startsWith(world.stateDir))) {
    const shown = shownSecret(Buffer.from(disk.peek(path) ?? '').toString('latin1'));
    if (shown) found.push(`${path} shows the secret ${shown}`);
  }
  for (const one of ours) if (!claimed.has(one)) found.push(`${one.name} should not be there`);
  const networks = new Set(repo.apps.flatMap((app) => [...usedNetworks(app)].map((key) => `${app.name}_${key}`)));
  for (const { body } of machine.networks.values()) {
    if (body.Labels?.['dev.holdfast.site'] === repo.site && !networks.has(body.Name))
      found.push(`network ${body.Name} should not be there`);
  }
  return found;
}

const secretPath = ({ name }: AppModel): string => `${SECRETS_DIR}/${name}/secret-hidden`;

const samePlace = (a: Place | undefined, b: Place): boolean =>
  a !== undefined && a.app === b.app && a.service === b.service && a.number === b.number;

function usedNetworks(app: AppModel): Set<string> {
  return new Set(app.services.flatMap((service) => networksOf(service)));
}

function networksOf({ networks, joins }: ServiceModel): string[] {
  if (joins) return [];
  return networks.length > 0 ? networks : ['default'];
}

function wrongWith(
  container: SimContainer,
  name: string,
  app: AppModel,
  service: ServiceModel,
  machine: Machine,
  { filesDir, disk }: World,
): string[] {
  const wrong: string[] = [];
  const expect = (what: string, actual: unknown, expected: unknown): void => {
    const [a, b] = [JSON.stringify(actual), JSON.stringify(expected)];
    if (a !== b) wrong.push(`${what} is ${a}, wanted ${b}`);
  };
  const { body } = container;
  const host = body.HostConfig;
  expect('name', container.name, name);
  if (service.behaviour === 'job') expect('status', [container.status, container.exitCode], ['exited', 0]);
  else expect('status', container.status, 'running');
  expect('image', body.Image, service.image);
  const onDisk = machine.images.find(service.image);
  if (onDisk) expect('image ID', container.imageId, onDisk.id);
  expect('command', body.Cmd, COMMANDS[service.behaviour]);
  const env = (body.Env ?? []).filter((line) => line.startsWith('MODE='));
  expect(
    'environment',
    env,
    Object.entries(service.environment).map(([key, value]) => `${key}=${value}`),
  );
  const token = (body.Env ?? []).filter((line) => line.startsWith('TOKEN='));
  expect('secret variable', token, service.uses === 'variable' && app.sealed ? [plainOf(app.sealed).trim()] : []);
  expect('label', body.Labels?.team, service.labels.team);
  expect('privileged', host.Privileged === true, service.privileged === true);
  expect('memory', host.Memory ?? 0, service.memory * 2 ** 20);
  expect('restart policy', host.RestartPolicy?.Name || 'no', service.restart);
  expect(
    'ports',
    Object.values(host.PortBindings ?? {})
      .flat()
      .map((one) => Number(one?.HostPort)),
    service.port > 0 ? [service.port] : [],
  );
  const keys = networksOf(service);
  if (service.joins) {
    const joined = [...machine.containers.values()].find(({ name }) => name === `${app.name}-${service.joins}-1`);
    expect('network mode', host.NetworkMode, `container:${joined?.id}`);
  }
  expect('networks', [...container.endpoints.keys()].sort(), keys.map((key) => `${app.name}_${key}`).sort());
  for (const [network, { asked, networkId }] of container.endpoints) {
    const aliases = asked.Aliases ?? [];
    if (!aliases.includes(service.name)) wrong.push(`has no alias ${service.name} on ${network}`);
    if (service.alias && service.networks.length > 0 && !aliases.includes(service.alias))
      wrong.push(`lacks alias ${service.alias} on ${network}`);
    if (isUp(container)) expect(`network behind ${network}`, networkId, machine.network(network)?.id);
  }
  if (service.volume) expect('volume', container.volumes.includes(`${app.name}_${service.volume}`), true);
  if (service.readyAfter > 0) expect('health', container.health, 'healthy');
  if (service.hooks && container.startedBy === 'agent' && !disk.hasFailed) {
    const after = container.execs.filter(({ command }) => command === 'hook post').map(({ start }) => start);
    if (!after.includes(container.agentStarts)) wrong.push('its last start had no post_start hook');
  }
  const content = container.files.get('/etc/service.conf');
  expect('config', content && new TextDecoder().decode(content), service.config || undefined);
  const binds = [
    ...(host.Binds ?? []).map((bind) => bind.split(':')[0]),
    ...(host.Mounts ?? []).map((mount) => mount.Source),
  ];
  expect('binds its secret', binds.includes(secretPath(app)), service.uses === 'file');
  expect('binds its file', binds.includes(`${filesDir}/${app.name}/conf/app.conf`), service.bindsFile);
  return wrong;
}
