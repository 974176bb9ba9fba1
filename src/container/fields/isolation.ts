import type { ContainerSpec } from '../../model/spec.ts';
import type { CreateContainerBody } from '../engine-api.ts';
import { joinedId } from '../joined-id.ts';
import type { Json } from '../json.ts';
import { primaryNetwork } from '../networks.ts';
import { type Comparison, hasQuirk, hostConfig, type Rows, type Surroundings } from './row/field.ts';
import { flag, list, map, set, setOf, text } from './row/kinds.ts';

const capability = setOf((name) => name.toUpperCase().replace(/^CAP_/, ''));

/** Some engines report no capabilities of a privileged container, or leave out those that the machine does not have. */
const capabilityOptions = (name: 'CapAdd' | 'CapDrop', label: string) => ({
  label,
  filledBy: 'someEngines' as const,
  // With `CAP_`, as the docker command line and Compose send them.
  write: (spec: ContainerSpec, body: CreateContainerBody) => {
    const names = spec[name];
    if (names) body.HostConfig[name] = names.map((each) => (each === 'ALL' ? each : `CAP_${each}`));
  },
  wanted: (comparison: Comparison) => capabilities(comparison.desired[name], comparison),
  found: (comparison: Comparison) => capabilities(comparison.observed[name], comparison),
});

const capabilities = (names: string[] | undefined, comparison: Comparison): Json | undefined =>
  comparison.observed.Privileged && hasQuirk(comparison, 'hidesPrivileges')
    ? undefined
    : capability.canonical(names ?? []);

/** `seccomp:unconfined` is the old spelling; `no-new-privileges` alone means true. */
const securityOption = (option: string): string => {
  const spelled = option.replace(/^([a-z-]+):/, '$1=');
  return spelled === 'no-new-privileges=true' ? 'no-new-privileges' : spelled;
};

/** Docker's command line turns this option into empty lists of masked and read-only paths; no engine knows the option itself. */
const SYSTEM_PATHS = 'systempaths=unconfined';

const isLabel = (option: string): boolean => /^label[=:]/.test(option);

/** Docker adds label options of its own if a container is privileged, or shares a namespace with the host or another container. */
function foundSecurity({ desired, observed }: Comparison): Json | undefined {
  const shares =
    observed.Privileged ||
    [observed.IpcMode, observed.PidMode].some((mode) => /^(host|container:|service:)/.test(mode ?? ''));
  const asked = new Set((desired.SecurityOpt ?? []).map(securityOption));
  const options = (observed.SecurityOpt ?? []).filter(
    (option) => !(shares && isLabel(option) && !asked.has(securityOption(option))),
  );
  return setOf(securityOption).canonical(options);
}

/** A seccomp profile is the text of a whole file, and too long to show. */
const showSecurity = (value: Json): string =>
  (value as string[]).map((option) => (option.startsWith('seccomp={') ? 'seccomp=<profile>' : option)).join(', ');

const writeNamespace =
  (name: 'NetworkMode' | 'PidMode' | 'IpcMode') =>
  (spec: ContainerSpec, body: CreateContainerBody, { joins }: Surroundings): void => {
    const mode = name === 'NetworkMode' ? (spec.NetworkMode ?? primaryNetwork(spec.Networks)) : spec[name];
    if (mode === undefined) return;
    body.HostConfig[name] = /^(service|container):/.test(mode) ? `container:${joinedId(mode, joins)}` : mode;
  };

/** True for the engine's own networks and for namespaces of other containers. Any other mode names one of the container's networks. */
export const isOwnMode = (mode: string): boolean =>
  ['', 'default', 'bridge', 'host', 'none', 'private'].includes(mode) || /^(container|service|ns):/.test(mode);

export const namespaceRows = {
  NetworkMode: hostConfig(text, {
    label: 'network_mode',
    write: writeNamespace('NetworkMode'),
    read: ({ HostConfig: { NetworkMode = '' } }) =>
      !isOwnMode(NetworkMode) ? undefined : ['', 'default'].includes(NetworkMode) ? 'bridge' : NetworkMode,
    wanted: ({ desired: { NetworkMode, Networks } }) =>
      NetworkMode === 'default'
        ? 'bridge'
        : (NetworkMode ?? (Object.keys(Networks ?? {}).length > 0 ? 'its networks' : 'bridge')),
    found: ({ observed }) => observed.NetworkMode ?? 'its networks',
  }),
  PidMode: hostConfig({ ...text, none: 'private' }, { label: 'pid', write: writeNamespace('PidMode') }),
  IpcMode: hostConfig(text, {
    label: 'ipc',
    write: writeNamespace('IpcMode'),
    filledBy: 'everyEngine',
    engineDefault: (found) => found === 'private' || found === 'shareable',
  }),
  UTSMode: hostConfig(text, { label: 'uts' }),
  UsernsMode: hostConfig(text, { label: 'userns_mode' }),
  CgroupnsMode: hostConfig(text, {
    label: 'cgroup',
    filledBy: 'everyEngine',
    engineDefault: (found) => found === 'private' || found === 'host',
  }),
  CgroupParent: hostConfig(text, { label: 'cgroup_parent' }),
} satisfies Rows;

/** The rights of the container on the host, and the parts of the host that it sees. */
export const isolationRows = {
  Privileged: hostConfig(flag, { label: 'privileged' }),
  ReadonlyRootfs: hostConfig(flag, { label: 'read_only' }),
  CapAdd: hostConfig(capability, capabilityOptions('CapAdd', 'cap_add')),
  CapDrop: hostConfig(capability, capabilityOptions('CapDrop', 'cap_drop')),
  SecurityOpt: hostConfig(
    { ...setOf(securityOption), show: showSecurity },
    {
      label: 'security_opt',
      write: ({ SecurityOpt }, body) => {
        if (!SecurityOpt) return;
        body.HostConfig.SecurityOpt = SecurityOpt.filter((option) => securityOption(option) !== SYSTEM_PATHS);
        if (SecurityOpt.some((option) => securityOption(option) === SYSTEM_PATHS)) {
          body.HostConfig.MaskedPaths = [];
          body.HostConfig.ReadonlyPaths = [];
        }
      },
      read: ({ HostConfig: { SecurityOpt, MaskedPaths } }) =>
        list.read([
          ...(list.read(SecurityOpt) ?? []),
          ...(Array.isArray(MaskedPaths) && MaskedPaths.length === 0 ? [SYSTEM_PATHS] : []),
        ]),
      found: foundSecurity,
    },
  ),
  Sysctls: hostConfig(map, { label: 'sysctls', ownable: 'keys', entries: String }),
  Ulimits: hostConfig(
    {
      read: (raw) =>
        Array.isArray(raw) && raw.length > 0 ? raw.map(({ Name, Soft, Hard }) => ({ Name, Soft, Hard })) : undefined,
      canonical: (value) =>
        value.length > 0
          ? Object.fromEntries(
              value.map(({ Name, Soft, Hard }) => [Name, Soft === Hard ? String(Soft) : `${Soft}:${Hard}`]),
            )
          : undefined,
      show: String,
      unordered: true,
    },
    { label: 'ulimits', entries: String },
  ),
  GroupAdd: hostConfig(set, { label: 'group_add' }),
  Runtime: hostConfig(text, {
    label: 'runtime',
    filledBy: 'everyEngine',
    engineDefault: (found) => ['runc', 'crun', 'oci', 'io.containerd.runc.v2'].includes(String(found)),
  }),
  Isolation: hostConfig(text, { label: 'isolation', engineDefault: (found) => found === 'default' }),
} satisfies Rows;
