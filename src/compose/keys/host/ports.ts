import { isIP } from 'node:net';
import type { Position } from '../../../lib/errors.ts';
import type { PortBinding } from '../../../model/spec.ts';
import type { YamlNode } from '../../../yaml/node.ts';
import type { Report } from '../../report.ts';
import { type Decoder, integer, map, quoted, text, textOrNumber, withShape } from '../decode.ts';
import { record } from '../record.ts';

/** A container port, and the host ports that publish it. */
export interface Port extends PortBinding {
  at: Position;
  /** Settings that the engine never gets. */
  written: { mode: string; protocol?: string; published?: string; name?: string; app_protocol?: string };
}

interface Range {
  first: number;
  last: number;
}

const HINT = 'write it as 8080:80, 127.0.0.1:8080:80/udp or 8000-8002:9000-9002';

/** Reads the protocol. The engine ignores its case, and an empty one means tcp. */
const protocol: Decoder<string> = map(text, (value, node, report) =>
  /^(tcp|udp|sctp)?$/i.test(value)
    ? value
    : report.error(node, `${quoted(node)} is not possible here`, 'use tcp, udp or sctp'),
);

const LONG = record('a port', {
  target: integer(1, 65535),
  published: textOrNumber,
  host_ip: text,
  protocol,
  // On a single engine, `ingress`, `host` and every other mode are the same.
  mode: text,
  // These are for people and proxies; the engine does not get them.
  name: text,
  app_protocol: text,
});

/** Reads `ports` in both forms and expands ranges pairwise. If two have the same meaning, the last one counts. */
export const ports: Decoder<Port[]> = withShape(LONG.shape, (node, report) => {
  if (node.kind !== 'sequence') return report.error(node, 'ports must be a list');
  const found = new Map<string, Port>();
  for (const item of node.items) {
    const decoded = item.kind === 'mapping' ? longPort(item, report) : shortPort(item, report);
    for (const port of decoded ?? []) {
      found.set(`${port.HostIp || '0.0.0.0'}:${port.HostPort}:${port.Container}`, port);
    }
  }
  return [...found.values()];
});

function shortPort(node: YamlNode, report: Report): Port[] | undefined {
  const written = textOrNumber(node, report);
  if (written === undefined) return undefined;
  const match = /^(?:(?:(.*):)?([^:]*):)?([^:/]+)(?:\/([a-z]*))?$/i.exec(written);
  const protocol = (match?.[4] || 'tcp').toLowerCase();
  const container = parseRange(match?.[3] ?? '');
  const host = match?.[2] ? parseRange(match[2]) : undefined;
  const ip = hostIp(match?.[1] ?? '');
  if (!match || !container?.first || (match[2] && !host) || ip === undefined || !/^(tcp|udp|sctp)$/.test(protocol)) {
    return report.error(node, `${quoted(node)} is not a port mapping`, HINT);
  }
  return expand(node, report, { ip, host, container, protocol, written: { mode: 'ingress' } });
}

function longPort(node: YamlNode, report: Report): Port[] | undefined {
  const before = report.problems.length;
  const port = LONG(node, report);
  if (!port || report.problems.length > before) return undefined;
  if (port.target === undefined) return report.error(node, 'the port has no target');
  if (port.host_ip !== undefined && isIP(port.host_ip) === 0) {
    return report.error(node, 'host_ip is not an IP address');
  }
  const host = port.published ? parseRange(port.published) : undefined;
  if (port.published && !host) return report.error(node, 'published is not a port or a range of ports');
  const container = { first: port.target, last: port.target };
  return expand(node, report, {
    ip: port.host_ip ?? '',
    host,
    container,
    protocol: port.protocol?.toLowerCase() || 'tcp',
    written: {
      ...(port.protocol !== undefined && { protocol: port.protocol }),
      mode: port.mode ?? 'ingress',
      ...(port.published && { published: port.published }),
      ...(port.name && { name: port.name }),
      ...(port.app_protocol && { app_protocol: port.app_protocol }),
    },
  });
}

interface Ports {
  ip: string;
  host: Range | undefined;
  container: Range;
  protocol: string;
  written: Port['written'];
}

function expand(node: YamlNode, report: Report, { ip, host, container, protocol, written }: Ports): Port[] | undefined {
  const count = container.last - container.first + 1;
  const hosts = host ? host.last - host.first + 1 : 0;
  if (host && hosts !== count && count !== 1) {
    return report.error(node, `${quoted(node)} maps ${hosts} host ports to ${count} container ports`, HINT);
  }
  if (!report.takePorts(count, node)) return undefined;
  return Array.from({ length: count }, (_, index) => {
    const first = host ? host.first + index : 0;
    // With a range of host ports for one container port, the engine chooses one; with port 0 or no port, it chooses any.
    const range = host && count === 1 && hosts > 1;
    const HostPort = range ? `${first}-${host.last}` : first === 0 ? '' : String(first);
    const published = written.published ?? (range ? HostPort : host && String(first));
    return {
      Container: `${container.first + index}/${protocol}`,
      HostIp: ip,
      HostPort,
      at: node.at,
      written: { ...written, ...(published !== undefined && { published }) },
    };
  });
}

/** An entry of `expose`, and its container ports as `80/tcp`. */
export interface Exposed {
  written: string;
  ports: string[];
}

/** Reads `expose`, expands ranges and drops repeated entries. */
export const exposed: Decoder<Exposed[]> = (node, report) => {
  if (node.kind !== 'sequence') return report.error(node, 'expose must be a list');
  const found = new Map<string, Exposed>();
  for (const item of node.items) {
    const written = textOrNumber(item, report);
    if (written === undefined) continue;
    const match = /^([^/]+)(?:\/(tcp|udp|sctp))?$/i.exec(written);
    const range = parseRange(match?.[1] ?? '');
    if (!range || range.first === 0) {
      report.error(item, `${quoted(item)} is not a port`, 'write it as 80, 80/udp or 8000-8002');
      continue;
    }
    const length = range.last - range.first + 1;
    if (found.has(written)) continue;
    if (!report.takePorts(length, item)) return undefined;
    const numbers = Array.from({ length }, (_, index) => range.first + index);
    found.set(written, { written, ports: numbers.map((port) => `${port}/${match?.[2]?.toLowerCase() ?? 'tcp'}`) });
  }
  return [...found.values()];
};

function parseRange(written: string): Range | undefined {
  const match = /^(\d+)(?:-(\d+))?$/.exec(written);
  if (!match) return undefined;
  const first = Number(match[1]);
  const last = match[2] === undefined ? first : Number(match[2]);
  return first <= last && last <= 65535 ? { first, last } : undefined;
}

/** The address of a short port mapping. An IPv6 address has brackets. "" is every address. */
function hostIp(written: string): string | undefined {
  const bracketed = /^\[(.*)\]$/.exec(written)?.[1];
  if (bracketed !== undefined) return isIP(bracketed) !== 0 ? bracketed : undefined;
  return written === '' || isIP(written) === 4 ? written : undefined;
}
