import { type Field, hostConfig } from './field.ts';
import { list, set, setOf } from './kinds.ts';

/** How the container resolves names. */
export const nameFields: Field[] = [
  hostConfig(
    'ExtraHosts',
    setOf((host) => host.replace('=', ':')),
    {
      label: 'extra_hosts',
      write: ({ ExtraHosts }, body) => {
        if (ExtraHosts) body.HostConfig.ExtraHosts = ExtraHosts.map((host) => host.replace('=', ':'));
      },
    },
  ),
  hostConfig('Dns', list, { label: 'dns' }),
  hostConfig('DnsSearch', list, { label: 'dns_search' }),
  hostConfig('DnsOptions', set, { label: 'dns_opt' }),
];
