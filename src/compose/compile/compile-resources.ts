import { present } from '../../container/present.ts';
import type { Position } from '../../lib/errors.ts';
import type { IpamPool, NetworkSpec, VolumeSpec } from '../../model/spec.ts';
import type { DesiredNetwork, DesiredVolume } from '../../model/state.ts';
import { entryOf } from '../../yaml/node.ts';
import type { Declared, Project } from '../keys/project.ts';
import type { NetworkKeys, VolumeKeys } from '../keys/resources.ts';
import type { AppFolder } from '../load/files/app-folder.ts';
import type { Report } from '../report.ts';

/** The engine's name of a network or volume: its `name`, otherwise `APP_KEY`, or only the key if it is external. */
export function resourceName(
  app: string,
  declared: Declared<NetworkKeys | VolumeKeys> | undefined,
  key: string,
): string {
  const { name, external } = declared?.keys ?? {};
  return name || external?.name || (external?.external ? key : `${app}_${key}`);
}

/** The network under a key. `default` needs no declaration. */
export function compileNetwork(app: string, key: string, project: Project, report: Report): DesiredNetwork {
  const declared = project.networks.get(key);
  const keys = declared?.keys ?? {};
  const external = isExternal(declared, report, true);
  if (external) return { key, external, spec: { Name: resourceName(app, declared, key) } };
  const config = keys.ipam?.config?.map(
    (pool): IpamPool =>
      present({
        Subnet: pool.subnet,
        IPRange: pool.ip_range,
        Gateway: pool.gateway,
        AuxiliaryAddresses: pool.aux_addresses,
      }),
  );
  const spec: NetworkSpec = present(
    {
      Name: resourceName(app, declared, key),
      Driver: keys.driver,
      DriverOpts: keys.driver_opts,
      Internal: keys.internal,
      Attachable: keys.attachable,
      EnableIPv4: keys.enable_ipv4 === false ? false : undefined,
      EnableIPv6: keys.enable_ipv6,
      IPAM: present<NonNullable<NetworkSpec['IPAM']>>({ Driver: keys.ipam?.driver, Config: config }),
      Labels: keys.labels,
    },
    new Set(['EnableIPv4']),
  );
  return { key, external, spec };
}

/** The volume under a key. */
export async function compileVolume(
  app: string,
  declared: Declared<VolumeKeys>,
  folder: AppFolder,
  report: Report,
): Promise<DesiredVolume> {
  const { keys, name: key } = declared;
  const external = isExternal(declared, report, false);
  const spec: VolumeSpec = present({
    Name: resourceName(app, declared, key),
    Driver: keys.driver,
    DriverOpts: await driverOptions(declared, folder, report),
    Labels: keys.labels,
  });
  return { key, external, spec };
}

/** Resolves the relative folder of a local volume that is a bind mount. This needs `driver: local`. */
async function driverOptions(
  declared: Declared<VolumeKeys>,
  folder: AppFolder,
  report: Report,
): Promise<Record<string, string> | undefined> {
  const options = declared.keys.driver_opts;
  const device = options?.device;
  if (device === undefined || options?.o !== 'bind' || device.startsWith('/')) return options;
  const at: Position = entryOf(entryOf(declared.node, 'driver_opts')?.value, 'device')?.value.at ?? declared.at;
  if (declared.keys.driver !== 'local') {
    report.error(at, 'a relative device works only with driver: local', 'add driver: local');
    return options;
  }
  try {
    return { ...options, device: (await folder.locate(device, at)).path };
  } catch (error) {
    report.add(error);
    return options;
  }
}

/** Checks an external network or volume. Holdfast does not create it, so the file cannot have settings for it. Docker Compose refuses them for a
 * volume, and ignores them for a network. */
function isExternal(
  declared: Declared<NetworkKeys | VolumeKeys> | undefined,
  report: Report,
  isNetwork: boolean,
): boolean {
  if (!declared?.keys.external?.external) return false;
  const { name, external } = declared.keys;
  if (name && external.name && name !== external.name) {
    report.error(declared.at, `${declared.name} has two names; use only name`);
  }
  for (const { key, keyAt } of declared.node.kind === 'mapping' ? declared.node.entries : []) {
    if (key === 'external' || key === 'name' || key.startsWith('x-')) continue;
    if (isNetwork)
      report.warn(keyAt, `${key} has no effect: ${declared.name} is external, so something else creates it`);
    else report.error(keyAt, `${declared.name} is external, so ${key} cannot be set here`);
  }
  return true;
}
