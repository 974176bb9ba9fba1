import type { Position, Problem } from '../lib/errors.ts';
import { addressesOverlap } from '../lib/host/host-address.ts';
import { ownHostPath } from '../lib/host/host-path.ts';
import { addressesOf } from '../lib/host/ip-address.ts';
import { servicesAndHooks } from '../model/app/services-and-hooks.ts';
import type { ContainerSpec, PortBinding, VolumeSpec } from '../model/spec.ts';
import type { DesiredApp } from '../model/state.ts';

/**
 * A thing of the site that an app claims: a container name, a host port, the name of a volume or network, a host path that it writes to, an
 * address on a network, or a folder of FILES_DIR. Only one app can have it. A folder is either the app's own (`app`), or a folder for data
 * that several apps may share (`beside`). Plain data, stored as JSON.
 */
export type Held =
  | { kind: 'container' | 'volume' | 'network' | 'path' | 'app' | 'beside'; name: string }
  | { kind: 'address'; network: string; address: string }
  | { kind: 'port'; protocol: string; ip: string; port: number };

/** A thing that an app's files ask for, in words and with its position. */
export type Claim = Held & { text: string; at: Position | undefined };

/** A claim without its words and position, for storage. */
export function heldOf(claim: Claim): Held {
  switch (claim.kind) {
    case 'port':
      return { kind: claim.kind, protocol: claim.protocol, ip: claim.ip, port: claim.port };
    case 'address':
      return { kind: claim.kind, network: claim.network, address: claim.address };
    default:
      return { kind: claim.kind, name: claim.name };
  }
}

/** Finds the position of a claim in Git. `name` is the name of a service, or the key of a volume or network. */
export type Positions = (
  kind: 'service' | 'port' | 'volume' | 'network',
  name: string,
  port?: PortBinding,
) => Position | undefined;

/** All claims of an app. Nobody claims external volumes and networks. */
export function claimsOf(app: DesiredApp, positions: Positions): Claim[] {
  const claims: Claim[] = [{ kind: 'app', name: app.name, text: folderText(app.name), at: undefined }];
  const beside = new Map((app.outside ?? []).toReversed().map((path) => [path.beside, path.at]));
  for (const [name, at] of beside)
    if (name !== undefined) claims.push({ kind: 'beside', name, text: folderText(name), at });
  for (const service of servicesAndHooks(app)) {
    for (const { name, spec } of service.containers) {
      claims.push({
        kind: 'container',
        name,
        text: `the container name ${name}`,
        at: positions('service', service.name),
      });
      for (const binding of spec.PortBindings ?? []) {
        const { Container, HostIp, HostPort } = binding;
        // The engine chooses a free port from a range.
        if (!/^\d+$/.test(HostPort)) continue;
        const protocol = Container.split('/')[1] ?? 'tcp';
        const text = `the host port ${HostIp && `${HostIp}:`}${HostPort}/${protocol}`;
        const at = positions('port', service.name, binding);
        claims.push({ kind: 'port', protocol, ip: HostIp, port: Number(HostPort), text, at });
      }
      for (const [network, endpoint] of Object.entries(spec.Networks ?? {})) {
        for (const address of addressesOf(endpoint)) {
          const text = `the address ${address} on the network ${network}`;
          claims.push({ kind: 'address', network, address, text, at: positions('service', service.name) });
        }
      }
      for (const path of writtenPaths(spec)) {
        claims.push({
          kind: 'path',
          name: path,
          text: `the host path ${path}`,
          at: positions('service', service.name),
        });
      }
    }
  }
  for (const kind of ['volume', 'network'] as const) {
    for (const { key, external, spec } of app[`${kind}s`]) {
      if (external) continue;
      const at = positions(kind, key);
      claims.push({ kind, name: spec.Name, text: `the ${kind} ${spec.Name}`, at });
      const path = kind === 'volume' ? boundPath(spec) : undefined;
      if (path !== undefined) claims.push({ kind: 'path', name: path, text: `the host path ${path}`, at });
    }
  }
  return claims;
}

const folderText = (name: string): string => `the folder ${name} in the folder of all apps`;

/** The host paths that a container may write to. */
const writtenPaths = ({ Mounts = [] }: ContainerSpec): string[] => [
  ...new Set(
    Mounts.flatMap(({ Type, Source, ReadOnly }) =>
      Type === 'bind' && !ReadOnly ? (ownHostPath(Source ?? '') ?? []) : [],
    ),
  ),
];

/** The host path of a local volume that is a writable bind mount; undefined for other volumes. */
function boundPath({ Driver = 'local', DriverOpts = {} }: VolumeSpec): string | undefined {
  const options = (DriverOpts.o ?? '').split(',');
  if (Driver !== 'local' || !options.some((option) => option === 'bind' || option === 'rbind')) return undefined;
  return options.includes('ro') ? undefined : ownHostPath(DriverOpts.device ?? '');
}

/** An index that finds conflicting claims. An app may have ten thousand ports, so comparing all pairs is too slow. */
export class ClaimIndex<Of = undefined> {
  private readonly byKey = new Map<string, { claim: Claim | Held; of: Of }[]>();

  add(claim: Claim | Held, of: Of): void {
    const key = keyOf(claim);
    const found = this.byKey.get(key);
    if (found) found.push({ claim, of });
    else this.byKey.set(key, [{ claim, of }]);
  }

  /** All claims that conflict with this one. */
  rivalsOf(claim: Held): { claim: Claim | Held; of: Of }[] {
    return (this.byKey.get(keyOf(claim)) ?? []).filter(({ claim: other }) => excludes(claim, other));
  }

  /** The first claim that conflicts with this one. */
  rivalOf(claim: Held): Claim | Held | undefined {
    return this.byKey.get(keyOf(claim))?.find(({ claim: other }) => excludes(claim, other))?.claim;
  }
}

function excludes(claim: Held, other: Held): boolean {
  if (claim.kind === 'port' && other.kind === 'port') return addressesOverlap(claim.ip, other.ip);
  return !isFolder(claim) || claim.kind !== other.kind;
}

const isFolder = ({ kind }: Held): boolean => kind === 'app' || kind === 'beside';

function keyOf(claim: Held): string {
  switch (claim.kind) {
    case 'port':
      return `port ${claim.port}/${claim.protocol}`;
    case 'address':
      return `address ${claim.address} ${claim.network}`;
    default:
      return `${isFolder(claim) ? 'folder' : claim.kind} ${claim.name}`;
  }
}

/** Problems for things that one app claims twice. Replicas of one service and shared host paths are no problem here. */
export function ownRivals(claims: readonly Claim[]): Problem[] {
  const before = new ClaimIndex<Claim>();
  return claims.flatMap((claim) => {
    const other = claim.kind === 'path' ? undefined : before.rivalsOf(claim)[0]?.of;
    before.add(claim, claim);
    if (!other || other.at === claim.at) return [];
    return [{ message: `${claim.text} is taken twice${alsoAt(other.at)}`, at: claim.at }];
  });
}

/** `, also at file:line:column`; "" when there is no position. */
export function alsoAt(at: Position | undefined): string {
  return at ? `, also at ${at.file}:${at.line}:${at.column}` : '';
}
