import { isIPv4 } from 'node:net';
import type { Position, Problem } from '../lib/errors.ts';
import type { PortBinding } from '../model/spec.ts';
import type { DesiredApp } from '../model/state.ts';

/** Something of the site that only one can have: a container's name, a host port, the name of a volume or network. */
export type Claim = { text: string; at: Position | undefined } & (
  | { kind: 'container' | 'volume' | 'network'; name: string }
  | { kind: 'port'; protocol: string; ip: string; port: number }
);

/** Where in Git a claim comes from. `name` is a service's name or the key of a volume or network. */
export type Places = (
  kind: 'service' | 'port' | 'volume' | 'network',
  name: string,
  port?: PortBinding,
) => Position | undefined;

/** Everything an app claims. External volumes and networks belong to nobody. */
export function claimsOf(app: DesiredApp, places: Places): Claim[] {
  const claims: Claim[] = [];
  for (const service of app.services) {
    for (const { name, spec } of service.containers) {
      claims.push({ kind: 'container', name, text: `the container name ${name}`, at: places('service', service.name) });
      for (const binding of spec.PortBindings ?? []) {
        const { Container, HostIp, HostPort } = binding;
        // From a range the engine takes what is free.
        if (!/^\d+$/.test(HostPort)) continue;
        const protocol = Container.split('/')[1] ?? 'tcp';
        const text = `the host port ${HostIp && `${HostIp}:`}${HostPort}/${protocol}`;
        const at = places('port', service.name, binding);
        claims.push({ kind: 'port', protocol, ip: HostIp, port: Number(HostPort), text, at });
      }
    }
  }
  for (const kind of ['volume', 'network'] as const) {
    for (const { key, external, spec } of app[`${kind}s`]) {
      if (!external) claims.push({ kind, name: spec.Name, text: `the ${kind} ${spec.Name}`, at: places(kind, key) });
    }
  }
  return claims;
}

/** Claims, to be asked for those that exclude another; with ten thousands of ports there is no looking through them all. */
export class ClaimIndex {
  private readonly byKey = new Map<string, Claim[]>();

  add(claim: Claim): void {
    const key = keyOf(claim);
    this.byKey.set(key, [...(this.byKey.get(key) ?? []), claim]);
  }

  /** The first one that cannot hold beside this one. */
  rivalOf(claim: Claim): Claim | undefined {
    return this.byKey.get(keyOf(claim))?.find((other) => {
      if (claim.kind !== 'port' || other.kind !== 'port') return true;
      return overlap(claim.ip, other.ip);
    });
  }
}

const keyOf = (claim: Claim): string =>
  claim.kind === 'port' ? `port ${claim.port}/${claim.protocol}` : `${claim.kind} ${claim.name}`;

/** What one app claims twice. Replicas that share one line are not looked at here. */
export function ownRivals(claims: readonly Claim[]): Problem[] {
  const before = new ClaimIndex();
  return claims.flatMap((claim) => {
    const other = before.rivalOf(claim);
    before.add(claim);
    if (!other || other.at === claim.at) return [];
    return [{ message: `${claim.text} is taken twice${placeText(other.at)}`, ...(claim.at && { at: claim.at }) }];
  });
}

/** `, also at file:line:column`, where there is a place. */
export function placeText(at: Position | undefined): string {
  return at ? `, also at ${at.file}:${at.line}:${at.column}` : '';
}

/** Whether two host addresses have one in common; "" is every address. */
function overlap(a: string, b: string): boolean {
  if (a === b || a === '' || b === '') return true;
  if (isIPv4(a) !== isIPv4(b)) return false;
  return [a, b].some((ip) => ip === '0.0.0.0' || ip === '::');
}
