import { EngineError } from '../../../../../src/lib/errors.ts';
import type { Machine } from '../machine.ts';
import { hasProcess, type SimContainer } from '../records.ts';

interface Claim {
  ip: string;
  port: number;
  protocol: string;
}

/** Throws `portTaken` when a host port it binds is held by another running container or by something else on the host. */
export function claimPorts(machine: Machine, container: SimContainer): void {
  const held: Claim[] = [...machine.heldPorts].map((text) => {
    const [port, protocol = 'tcp'] = text.split('/');
    return { ip: '', port: Number(port), protocol };
  });
  for (const other of machine.containers.values()) {
    if (other !== container && hasProcess(other)) held.push(...fixedPorts(other).flatMap((one) => one[0] ?? []));
  }
  for (const candidates of fixedPorts(container)) {
    const free = candidates.find((candidate) => !held.some((other) => clash(candidate, other)));
    if (!free) {
      throw new EngineError('portTaken', `Bind for 0.0.0.0:${candidates[0]?.port} failed: port is already allocated`);
    }
    held.push(free);
  }
}

/** Each binding that names a port, with the ports that would do: several for a range. */
function fixedPorts(container: SimContainer): Claim[][] {
  const claims: Claim[][] = [];
  for (const [target, bindings] of Object.entries(container.body.HostConfig.PortBindings ?? {})) {
    const protocol = target.split('/')[1] ?? 'tcp';
    for (const { HostIp: ip = '', HostPort: ports = '' } of bindings ?? []) {
      if (ports === '' || ports === '0') continue;
      const [low = 0, high = low] = ports.split('-').map(Number);
      claims.push(Array.from({ length: high - low + 1 }, (_, index) => ({ ip, port: low + index, protocol })));
    }
  }
  return claims;
}

const wildcard = (ip: string): boolean => ip === '' || ip === '0.0.0.0' || ip === '::';

const clash = (a: Claim, b: Claim): boolean =>
  a.port === b.port && a.protocol === b.protocol && (a.ip === b.ip || wildcard(a.ip) || wildcard(b.ip));
