import type { PortBinding } from '../../model/spec.ts';
import type { HostConfigBody } from '../engine-api.ts';
import type { Json } from '../json.ts';
import { type Comparison, config, hasQuirk, hostConfig, type Rows } from './row/field.ts';
import { set } from './row/kinds.ts';

const port = (name: string): string => (name.includes('/') ? name : `${name}/tcp`);

const address = (ip: string): string => ip.replace(/^\[(.*)\]$/, '$1');

/** `127.0.0.1:8080->80/tcp`; `*` is every address, `any` a port that the engine chooses. */
const show = ({ Container, HostIp, HostPort }: PortBinding): string =>
  `${HostIp ? `${HostIp.includes(':') ? `[${address(HostIp)}]` : HostIp}:` : ''}${HostPort || 'any'}->${port(Container)}`;

/** On the host's network, and without a network, nothing is published, whatever was asked for. */
const isIdle = ({ desired }: Comparison): boolean => desired.NetworkMode === 'host' || desired.NetworkMode === 'none';

const bindings: (value: PortBinding[] | undefined) => Json | undefined = (value) =>
  value?.length ? [...new Set(value.map(show))].sort() : undefined;

function readBindings(raw: HostConfigBody['PortBindings']): PortBinding[] | undefined {
  const found = Object.entries(raw ?? {}).flatMap(([Container, hosts]) =>
    (hosts ?? []).map(({ HostIp = '', HostPort = '' }) => ({ Container, HostIp, HostPort })),
  );
  return found.length > 0 ? found : undefined;
}

/** A port that the engine chose counts as the free choice that was asked for. */
function foundBindings(comparison: Comparison): Json | undefined {
  const { desired, observed } = comparison;
  if (isIdle(comparison)) return undefined;
  if (!hasQuirk(comparison, 'reportsChosenPorts')) return bindings(observed.PortBindings);
  const open = (desired.PortBindings ?? []).filter(({ HostPort }) => HostPort === '');
  return bindings(
    observed.PortBindings?.map((binding) => {
      const at = (other: PortBinding) =>
        port(other.Container) === port(binding.Container) && address(other.HostIp) === address(binding.HostIp);
      const exact = desired.PortBindings?.some((other) => at(other) && other.HostPort === binding.HostPort);
      return !exact && open.some(at) ? { ...binding, HostPort: '' } : binding;
    }),
  );
}

/** Docker Compose exposes a range of ports as one entry: `90-92/udp`. */
function each(exposed: string): string[] {
  const [, first, last, protocol] = /^(\d+)-(\d+)\/(\w+)$/.exec(exposed) ?? [];
  if (first === undefined || Number(last) > 65_535) return [exposed];
  const count = Math.max(0, Number(last) - Number(first) + 1);
  return Array.from({ length: count }, (_, index) => `${Number(first) + index}/${protocol}`);
}

/** Exposed ports without the published ones, which are exposed anyway. The image may expose some, too. */
const exposed = (comparison: Comparison, ports: string[]): Json | undefined => {
  const { desired, observed } = comparison;
  const connected =
    Object.keys(desired.Networks ?? {}).length > 0 ||
    !/^(none|host|container:|service:)/.test(desired.NetworkMode ?? '');
  if (!connected && hasQuirk(comparison, 'hidesUnreachablePorts')) return undefined;
  const published = new Set(
    [...(desired.PortBindings ?? []), ...(observed.PortBindings ?? [])].map(({ Container }) => port(Container)),
  );
  return set.canonical(
    ports
      .map(port)
      .flatMap(each)
      .filter((name) => !published.has(name)),
  );
};

export const portRows = {
  PortBindings: hostConfig(
    {
      read: (raw) => readBindings(raw as HostConfigBody['PortBindings']),
      canonical: (value: PortBinding[]) => bindings(value),
      show: (value) => (value as string[]).join(', '),
      unordered: true,
    },
    {
      label: 'ports',
      write: ({ PortBindings }, body) => {
        if (!PortBindings) return;
        const written: NonNullable<HostConfigBody['PortBindings']> = {};
        for (const { Container, HostIp, HostPort } of PortBindings) {
          const name = port(Container);
          written[name] = [...(written[name] ?? []), { HostIp: address(HostIp), HostPort }];
          body.ExposedPorts = { ...body.ExposedPorts, [name]: {} };
        }
        body.HostConfig.PortBindings = written;
      },
      wanted: (comparison) => (isIdle(comparison) ? undefined : bindings(comparison.desired.PortBindings)),
      found: foundBindings,
    },
  ),
  ExposedPorts: config(set, {
    label: 'expose',
    fromImage: 'keys',
    write: ({ ExposedPorts }, body) => {
      for (const name of ExposedPorts ?? []) body.ExposedPorts = { ...body.ExposedPorts, [port(name)]: {} };
    },
    read: ({ Config: { ExposedPorts } }) => set.read(Object.keys(ExposedPorts ?? {})),
    wanted: (comparison) =>
      exposed(comparison, [...(comparison.image?.ExposedPorts ?? []), ...(comparison.desired.ExposedPorts ?? [])]),
    found: (comparison) => exposed(comparison, comparison.observed.ExposedPorts ?? []),
  }),
} satisfies Rows;
