import { resourceName } from '../compile/compile-resources.ts';
import type { Declared } from '../keys/project.ts';
import type { FileKeys, NetworkKeys, VolumeKeys } from '../keys/resources.ts';
import { always, type Json, mapping, type Printers, printKeys, unlessEmpty } from './printer.ts';

/** Printers for networks, volumes, configs and secrets. Names are the engine's. */

const elsewhere = (): undefined => undefined;

const NETWORK: Printers<NetworkKeys> = {
  name: elsewhere,
  driver: unlessEmpty,
  driver_opts: unlessEmpty,
  ipam: mapping({
    driver: unlessEmpty,
    options: elsewhere,
    config: (pools) =>
      unlessEmpty(
        pools.map((pool) =>
          printKeys(
            pool,
            { subnet: unlessEmpty, gateway: unlessEmpty, ip_range: unlessEmpty, aux_addresses: unlessEmpty },
            undefined,
          ),
        ),
      ),
  }),
  internal: unlessEmpty,
  attachable: unlessEmpty,
  labels: unlessEmpty,
  enable_ipv4: always,
  enable_ipv6: always,
  external: ({ external }) => unlessEmpty(external),
};

/** Prints a network. `default` needs no declaration. */
export function printNetwork(app: string, key: string, declared: Declared<NetworkKeys> | undefined): Json {
  return {
    name: resourceName(app, declared, key),
    ipam: {},
    ...(declared && printKeys(declared.keys, NETWORK, undefined)),
  };
}

const VOLUME: Printers<VolumeKeys> = {
  name: elsewhere,
  driver: unlessEmpty,
  driver_opts: unlessEmpty,
  labels: unlessEmpty,
  external: ({ external }) => unlessEmpty(external),
};

/** Prints a volume. The folder of a local volume that is a bind mount may be relative. */
export function printVolume(app: string, declared: Declared<VolumeKeys>, path: (written: string) => string): Json {
  const { driver, driver_opts: options } = declared.keys;
  const device = driver === 'local' && options?.o === 'bind' ? options.device : undefined;
  return {
    name: resourceName(app, declared, declared.name),
    ...printKeys(declared.keys, VOLUME, undefined),
    ...(device !== undefined && { driver_opts: { ...options, device: path(device) } }),
  };
}

/** Prints a config or a secret. */
export function printFile(app: string, { name, keys }: Declared<FileKeys>, path: (written: string) => string): Json {
  const FILE: Printers<FileKeys> = {
    name: elsewhere,
    file: path,
    environment: unlessEmpty,
    content: unlessEmpty,
    labels: unlessEmpty,
    template_driver: unlessEmpty,
  };
  return { name: keys.name || `${app}_${name}`, ...printKeys(keys, FILE, undefined) };
}
