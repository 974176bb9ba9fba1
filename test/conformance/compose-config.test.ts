import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { compileApp } from '../../src/compose/compile-app.ts';
import { parseDuration } from '../../src/compose/quantities.ts';
import type { ContainerSpec } from '../../src/model/spec.ts';
import type { DesiredApp } from '../../src/model/state.ts';
import { memorySnapshot, placedApp } from '../unit/compose/support.ts';
import { CASES, type Case, REFUSED } from './cases.ts';

const peer = process.env.COMPOSE_PEER ?? '';
const run = promisify(execFile);

// biome-ignore lint/suspicious/noExplicitAny: the peer's JSON is read freely, as its shape is not ours.
type Json = any;

(existsSync(peer) ? describe : describe.skip)('beside docker-compose (set COMPOSE_PEER to its path)', () => {
  let root = '';
  beforeAll(async () => {
    root = await mkdtemp(join(tmpdir(), 'holdfast-conformance-'));
  });
  afterAll(() => rm(root, { recursive: true, force: true }));

  /** The peer's view of a project that lies where ours says it will lie on the site. */
  async function peerConfig(project: Case): Promise<Json> {
    await rm(join(root, 'app'), { recursive: true, force: true });
    for (const [path, text] of Object.entries(filesOf(project))) {
      await mkdir(dirname(join(root, 'app', path)), { recursive: true });
      await writeFile(join(root, 'app', path), text);
    }
    const files = composeFiles(project).flatMap((file) => ['-f', file]);
    const { stdout } = await run(peer, [...files, 'config', '--format', 'json'], {
      cwd: join(root, 'app'),
      env: { PATH: '/nowhere', HOME: root },
    });
    return JSON.parse(stdout);
  }

  test.each(CASES)('$name means the same', async (project) => {
    const theirs = theirView(await peerConfig(project));
    const ours = ourView(await compileCase(project, root));
    expect(ours).toEqual(theirs);
  });

  test.each(REFUSED)('$name is refused by both', async (project) => {
    await expect(peerConfig(project)).rejects.toThrow();
    await expect(compileCase(project, root)).rejects.toThrow();
  });
});

const composeFiles = (project: Case) =>
  project.override === undefined ? ['compose.yaml'] : ['compose.yaml', 'override.yaml'];

function filesOf({ compose, override, files }: Case): Record<string, string> {
  return { 'compose.yaml': compose, ...(override !== undefined && { 'override.yaml': override }), ...files };
}

function compileCase(project: Case, filesDir: string): Promise<DesiredApp> {
  const app = placedApp({ compose: composeFiles(project), nameIsFixed: false });
  return compileApp(app, 'site', memorySnapshot(filesOf(project)), { filesDir });
}

/** What is compared, of one service, in our words. */
type View = Record<string, unknown>;

const present = (view: View): View =>
  Object.fromEntries(
    Object.entries(view).filter(
      ([, value]) =>
        value !== undefined && value !== null && !(typeof value === 'object' && Object.keys(value).length === 0),
    ),
  );

function ourView(app: DesiredApp) {
  const names = new Map(app.networks.map(({ key, spec }) => [spec.Name, key]));
  const services = app.services.map((service) => {
    const container = service.containers[0];
    const spec = container?.spec as ContainerSpec;
    const networks = Object.entries(spec.Networks ?? {}).map(([name, { Aliases, ...endpoint }]) => [
      names.get(name),
      {
        ...endpoint,
        aliases: Aliases?.filter((alias) => alias !== service.name && alias !== container?.name),
      },
    ]);
    const own = container?.name === `${app.name}-${service.name}-1` ? undefined : container?.name;
    const view = present({
      name: own,
      image: spec.Image,
      command: spec.Cmd,
      env: spec.Env,
      ports: spec.PortBindings?.map(({ Container, HostIp, HostPort }) => `${HostIp}|${HostPort}|${Container}`).sort(),
      mounts: spec.Mounts,
      health: spec.Healthcheck,
      memory: spec.Memory,
      shm: spec.ShmSize,
      cpus: spec.NanoCpus,
      networks: Object.fromEntries(networks),
      mode: spec.NetworkMode,
      hosts: spec.ExtraHosts,
      ulimits: spec.Ulimits,
      tmpfs: spec.Tmpfs,
      sysctls: spec.Sysctls,
      capAdd: spec.CapAdd,
      capDrop: spec.CapDrop,
      dns: spec.Dns,
      labels: spec.Labels,
      privileged: spec.Privileged,
      readOnly: spec.ReadonlyRootfs,
      restart: spec.RestartPolicy && [spec.RestartPolicy.Name, spec.RestartPolicy.MaximumRetryCount ?? 0],
      grace: spec.StopTimeout,
      user: spec.User,
      init: spec.Init,
      devices: spec.Devices?.map((device) => Object.values(device).join(':')).sort(),
      logging: spec.LogConfig,
      hostname: spec.Hostname,
      workdir: spec.WorkingDir,
      signal: spec.StopSignal,
      security: spec.SecurityOpt,
      dependsOn: service.dependsOn.map((each) => Object.values(each).map(String).join(':')).sort(),
    });
    return [service.name, { ...view, entrypoint: spec.Entrypoint }];
  });
  return {
    name: app.name,
    services: Object.fromEntries(services),
    networks: app.networks.map(({ key, external, spec }) => ({
      key,
      external,
      name: spec.Name,
      ipam: spec.IPAM?.Config,
    })),
    volumes: app.volumes.map(({ key, external, spec }) => ({ key, external, name: spec.Name })),
  };
}

const CONDITIONS: Record<string, string> = {
  service_started: 'started',
  service_healthy: 'healthy',
  service_completed_successfully: 'completed',
};

function theirView(raw: Json) {
  const config = unescapeDollars(raw);
  const used = (kind: string, keys: string[]) =>
    [...new Set(keys)]
      .sort()
      .map((key) => ({ key, external: config[kind][key].external ?? false, name: config[kind][key].name }));
  const all: Json[] = Object.values(config.services);
  const services = Object.entries<Json>(config.services).map(([name, s]) => {
    const memory = s.deploy?.resources?.limits?.memory ?? s.mem_limit;
    const cpus = s.deploy?.resources?.limits?.cpus ?? s.cpus;
    const view = present({
      name: s.container_name,
      image: s.image,
      command: s.command?.length ? s.command : undefined,
      env: s.environment,
      ports: s.ports
        ?.map(
          (p: Json) => `${p.host_ip ?? ''}|${p.published === '0' ? '' : (p.published ?? '')}|${p.target}/${p.protocol}`,
        )
        .sort(),
      mounts: [...(s.volumes ?? []).map((v: Json) => theirMount(v, config)), ...theirFiles(s, config)].sort((a, b) =>
        (a.Target as string) < (b.Target as string) ? -1 : 1,
      ),
      health: s.healthcheck && theirHealth(s.healthcheck),
      memory: memory && Number(memory),
      shm: s.shm_size && Number(s.shm_size),
      cpus: cpus && Math.trunc(Math.fround(Math.fround(cpus) * 1e9)),
      networks:
        s.networks && Object.fromEntries(Object.entries<Json>(s.networks).map(([key, n]) => [key, theirEndpoint(n)])),
      mode: s.network_mode,
      hosts: s.extra_hosts?.map((host: string) => host.replace('=', ':')),
      ulimits:
        s.ulimits &&
        Object.entries<Json>(s.ulimits).map(([Name, u]) => ({ Name, Soft: u.soft ?? u, Hard: u.hard ?? u })),
      tmpfs: s.tmpfs && Object.fromEntries(s.tmpfs.map((t: string) => [t.split(':')[0], t.split(':')[1] ?? ''])),
      sysctls: s.sysctls,
      capAdd: s.cap_add,
      capDrop: s.cap_drop,
      dns: s.dns,
      labels: s.labels,
      privileged: s.privileged,
      readOnly: s.read_only,
      restart: s.restart && [s.restart.split(':')[0], Number(s.restart.split(':')[1] ?? 0)],
      grace: s.stop_grace_period && Math.floor((parseDuration(s.stop_grace_period) ?? 0) / 1e9),
      user: s.user,
      init: s.init,
      devices: s.devices?.map((d: Json) => `${d.source}:${d.target}:${d.permissions}`).sort(),
      logging: s.logging && { Type: s.logging.driver, Config: s.logging.options },
      hostname: s.hostname,
      workdir: s.working_dir,
      signal: s.stop_signal,
      security: s.security_opt,
      dependsOn: Object.entries<Json>(s.depends_on ?? {})
        .filter(([other]) => config.services[other])
        .map(([other, d]) => [other, CONDITIONS[d.condition], d.required, d.restart ?? false].join(':'))
        .sort(),
    });
    // An empty entrypoint clears the image's, so unlike an empty command it counts.
    return [name, { ...view, entrypoint: s.entrypoint ?? undefined }];
  });
  return {
    name: config.name,
    services: Object.fromEntries(services),
    networks: used(
      'networks',
      all.flatMap((s) => Object.keys(s.networks ?? {})),
    ).map((network) => ({
      ...network,
      ipam: config.networks[network.key].ipam?.config?.map((pool: Json) => ({
        Subnet: pool.subnet,
        Gateway: pool.gateway,
      })),
    })),
    volumes: used(
      'volumes',
      all.flatMap((s) => (s.volumes ?? []).flatMap((v: Json) => (v.type === 'volume' && v.source ? [v.source] : []))),
    ),
  };
}

function theirMount(v: Json, config: Json): View {
  const source = v.type === 'volume' && v.source ? config.volumes[v.source].name : v.source;
  return present({
    Type: v.type,
    Source: source?.replace(/(?<=.)\/$/, ''),
    Target: v.target,
    ReadOnly: v.read_only,
    // Its short form says create_host_path, and so does nothing at all.
    MustExist: v.type === 'bind' && v.bind && !v.bind.create_host_path ? true : undefined,
    Propagation: v.bind?.propagation,
    SELinux: v.bind?.selinux,
    NoCopy: v.volume?.nocopy,
    Subpath: v.volume?.subpath,
    SizeBytes: v.tmpfs?.size && Number(v.tmpfs.size),
    Mode: v.tmpfs?.mode && Number(v.tmpfs.mode),
  });
}

function theirFiles(s: Json, config: Json): View[] {
  const mounts = (uses: Json[], kind: string, folder: string) =>
    uses.map((use) => ({
      Type: 'bind',
      Source: config[kind][use.source].file,
      Target: use.target?.startsWith('/') ? use.target : `${folder}${use.target ?? use.source}`,
      ReadOnly: true,
      MustExist: true,
    }));
  return [...mounts(s.configs ?? [], 'configs', '/'), ...mounts(s.secrets ?? [], 'secrets', '/run/secrets/')];
}

function theirHealth(h: Json): View {
  return present({
    Test: h.disable ? ['NONE'] : h.test,
    Interval: h.interval && parseDuration(h.interval),
    Timeout: h.timeout && parseDuration(h.timeout),
    StartPeriod: h.start_period && parseDuration(h.start_period),
    StartInterval: h.start_interval && parseDuration(h.start_interval),
    Retries: h.retries,
  });
}

function theirEndpoint(n: Json): View {
  const endpoint = present({
    IPv4Address: n?.ipv4_address,
    LinkLocalIPs: n?.link_local_ips,
    MacAddress: n?.mac_address,
    DriverOpts: n?.driver_opts,
    Priority: n?.priority,
  });
  return { ...endpoint, aliases: n?.aliases ?? [] };
}

/** `config` prints a Compose file again, so it writes every dollar twice. */
function unescapeDollars(value: Json): Json {
  if (typeof value === 'string') return value.replaceAll('$$', '$');
  if (Array.isArray(value)) return value.map(unescapeDollars);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, unescapeDollars(each)]));
}
