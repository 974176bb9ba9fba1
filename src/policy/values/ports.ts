/** Ports of the host, as an entry of a policy or a published port names them: `[ADDRESS:]PORT[-PORT][/PROTOCOL]`. */
export interface Ports {
  /** "" is every address. */
  address: string;
  first: number;
  last: number;
  /** "" is every protocol. */
  protocol: string;
}

/** The ports that an engine chooses from where none is named. */
export const ANY_PORT = '32768-60999';

const FORM = /^(?:\[([0-9a-fA-F:.]+)\]:|([\d.]+):)?(\d{1,5})(?:-(\d{1,5}))?(?:\/(tcp|udp|sctp))?$/;

/** undefined for a text that names no ports. */
export function parsePorts(text: string): Ports | undefined {
  const match = FORM.exec(text);
  if (!match) return undefined;
  const [, ipv6, ipv4, from, to, protocol = ''] = match;
  const [first, last] = [Number(from), Number(to ?? from)];
  if (first > last || last > 65535) return undefined;
  return { address: everyAddress((ipv6 ?? ipv4 ?? '').toLowerCase()), first, last, protocol };
}

const everyAddress = (address: string): string => (/^(0\.0\.0\.0|::|)$/.test(address) ? '' : address);

/** All ports of the second are among those of the first. */
export function portsCover(entry: string, value: string): boolean {
  const [a, b] = [parsePorts(entry), parsePorts(value)];
  return Boolean(
    a &&
      b &&
      a.first <= b.first &&
      b.last <= a.last &&
      (a.address === '' || a.address === b.address) &&
      (a.protocol === '' || a.protocol === b.protocol),
  );
}

/** Some port is in both. A value that is no port is in every entry. */
export function portsTouch(entry: string, value: string): boolean {
  const [a, b] = [parsePorts(entry), parsePorts(value)];
  if (!a || !b) return true;
  return (
    a.first <= b.last &&
    b.first <= a.last &&
    (a.address === '' || b.address === '' || a.address === b.address) &&
    (a.protocol === '' || b.protocol === '' || a.protocol === b.protocol)
  );
}
