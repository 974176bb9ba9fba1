import { ADOPTING } from '../world/adoption.ts';
import type { Files } from '../world/simulated-source.ts';
import { SEALED_FILE, type Sealed, sealedText } from './sealed.ts';

/** One service, with what the simulated engine makes of it. The end of a run is checked against these fields, without the loader. */
export interface ServiceModel {
  name: string;
  image: string;
  /** `serve` runs for ever, `job` ends well, `crash` ends badly, `settle` crashes a few times first. */
  behaviour: 'serve' | 'job' | 'crash' | 'settle';
  restart: 'no' | 'always' | 'unless-stopped' | 'on-failure';
  environment: Record<string, string>;
  labels: Record<string, string>;
  /** MiB; 0 for no limit. */
  memory: number;
  replicas: number;
  networks: string[];
  alias: string;
  volume: string;
  /** Host port; 0 for none. */
  port: number;
  /** Milliseconds until its probe passes; 0 for no health check. */
  readyAfter: number;
  dependsOn: Record<string, 'service_started' | 'service_healthy' | 'service_completed_successfully'>;
  /** Binds the app's file of configuration. */
  bindsFile: boolean;
  /** Content of a config put into the container; "" for none. */
  config: string;
  pullAlways: boolean;
  /** Has a post_start and a pre_stop hook. */
  hooks: boolean;
  /** Its replicas are replaced one by one: what happens to the others when one fails; "" for all at once. */
  paced: '' | 'pause' | 'continue';
  /** New containers run beside the old ones before those are stopped. */
  startFirst: boolean;
  /** The service whose network it shares; "" for none. */
  joins: string;
  /** Absent: it is not. */
  privileged?: true | undefined;
  /** The use of the app's secret: as a file, as an environment variable, or none. Absent: nobody decided. */
  uses?: '' | 'file' | 'variable';
}

export interface AppModel {
  name: string;
  /** Apps that come before it. Git may not have them. Absent: none. */
  dependsOn?: string[] | undefined;
  services: ServiceModel[];
  /** Key to the text of a label on it. */
  networks: Record<string, string>;
  volumes: string[];
  /** Content of `conf/app.conf` in its folder. */
  file: string;
  /** Somebody committed nonsense: the compose file cannot be used. */
  broken: boolean;
  /** Its encrypted file. Absent: none. */
  sealed?: Sealed | undefined;
}

export interface RepoModel {
  site: string;
  apps: AppModel[];
  /** The revision that the Site pins; "" for none. */
  pin: string;
  /** The wait of changes in the Fleet's rollout. Absent: there is no rollout. */
  after?: string | undefined;
}

/** The repo's files. Compose files are JSON, which is YAML. */
export function render(repo: RepoModel): Files {
  const files: Record<string, string> = {
    'fleet.yaml': yaml({
      apiVersion: 'holdfast/v1',
      kind: 'Fleet',
      metadata: { name: 'fleet' },
      spec: {
        syncPolicy: { automated: { prune: true, selfHeal: true, allowEmpty: true } },
        pruneThreshold: 100,
        ...(repo.after && { rollout: { steps: [{ percent: 100, after: repo.after }] } }),
      },
    }),
    [`sites/${repo.site}.yaml`]: yaml({
      apiVersion: 'holdfast/v1',
      kind: 'Site',
      spec: { allowEmpty: true, ...(repo.pin && { targetRevision: repo.pin }) },
    }),
  };
  for (const app of repo.apps) {
    files[`apps/${app.name}/app.yaml`] = yaml({
      apiVersion: 'holdfast/v1',
      kind: 'Application',
      spec: { ...(ADOPTING.has(app.name) && { adopt: true }), ...(app.dependsOn && { dependsOn: app.dependsOn }) },
    });
    files[`apps/${app.name}/compose.yaml`] = app.broken ? 'services: {web: {imagee: nonsense}}\n' : yaml(compose(app));
    files[`apps/${app.name}/conf/app.conf`] = app.file;
    if (app.sealed) files[`apps/${app.name}/${SEALED_FILE}`] = sealedText(app.sealed);
  }
  return files;
}

const yaml = (value: unknown): string => `${JSON.stringify(value, null, 1)}\n`;

function compose(app: AppModel): object {
  const withConfig = app.services.filter(({ config }) => config !== '');
  return {
    services: Object.fromEntries(app.services.map((service) => [service.name, composeService(service)])),
    networks: Object.fromEntries(Object.entries(app.networks).map(([key, text]) => [key, { labels: { text } }])),
    volumes: Object.fromEntries(app.volumes.map((key) => [key, {}])),
    ...(withConfig.length > 0 && {
      configs: Object.fromEntries(withConfig.map(({ name, config }) => [`${name}_conf`, { content: config }])),
    }),
    ...(app.services.some(({ uses }) => uses === 'file') && { secrets: { hidden: { file: `./${SEALED_FILE}` } } }),
  };
}

export const COMMANDS = {
  serve: ['serve'],
  job: ['job', '700'],
  crash: ['crash', '400'],
  settle: ['settle', '2'],
} as const;

function composeService(service: ServiceModel): object {
  const volumes = [
    ...(service.volume ? [`${service.volume}:/data`] : []),
    ...(service.bindsFile ? ['./conf/app.conf:/etc/app.conf:ro'] : []),
  ];
  return {
    image: service.image,
    command: COMMANDS[service.behaviour],
    restart: service.restart,
    environment: service.environment,
    labels: service.labels,
    stop_grace_period: '2s',
    ...(service.memory > 0 && { mem_limit: `${service.memory}m` }),
    deploy: {
      replicas: service.replicas,
      ...((service.paced || service.startFirst) && {
        update_config: {
          ...(service.paced ? { parallelism: 1, delay: '10s', failure_action: service.paced } : { parallelism: 0 }),
          ...(service.startFirst && { order: 'start-first' }),
        },
      }),
    },
    ...(service.networks.length > 0 && {
      networks: Object.fromEntries(
        service.networks.map((key) => [key, service.alias ? { aliases: [service.alias] } : {}]),
      ),
    }),
    ...(volumes.length > 0 && { volumes }),
    ...(service.port > 0 && { ports: [`${service.port}:80`] }),
    ...(service.readyAfter > 0 && {
      healthcheck: { test: ['CMD', 'ready', `${service.readyAfter}`], interval: '8s', retries: 3, start_period: '10s' },
    }),
    ...(Object.keys(service.dependsOn).length > 0 && {
      depends_on: Object.fromEntries(
        Object.entries(service.dependsOn).map(([name, condition]) => [name, { condition }]),
      ),
    }),
    ...(service.config !== '' && { configs: [{ source: `${service.name}_conf`, target: '/etc/service.conf' }] }),
    ...(service.hooks && { post_start: [{ command: 'hook post' }], pre_stop: [{ command: 'hook pre' }] }),
    ...(service.joins !== '' && { network_mode: `service:${service.joins}` }),
    ...(service.pullAlways && { pull_policy: 'always' }),
    ...(service.privileged && { privileged: true }),
    ...(service.uses === 'file' && { secrets: ['hidden'] }),
    ...(service.uses === 'variable' && { env_file: SEALED_FILE }),
  };
}
