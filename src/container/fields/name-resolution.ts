import { hostConfig, type Rows } from './row/field.ts';
import { list, set, setOf } from './row/kinds.ts';

/** Name resolution in the container. */
export const nameRows = {
  ExtraHosts: hostConfig(
    setOf((host) => host.replace('=', ':')),
    {
      label: 'extra_hosts',
      write: ({ ExtraHosts }, body) => {
        if (ExtraHosts) body.HostConfig.ExtraHosts = ExtraHosts.map((host) => host.replace('=', ':'));
      },
    },
  ),
  Dns: hostConfig(list, { label: 'dns' }),
  DnsSearch: hostConfig(list, { label: 'dns_search' }),
  DnsOptions: hostConfig(set, { label: 'dns_opt' }),
} satisfies Rows;
