/** Parsed JSON. */
export type Json = string | number | boolean | null | Json[] | { [key: string]: Json };

interface Rule {
  /** Why two that differ only so mean the same. */
  reason: string;
  apply(config: { [key: string]: Json }): void;
}

/** All that is forgiven between what Docker Compose prints and what Holdfast prints. Applied to both. */
export const RULES: Rule[] = [
  {
    reason:
      'one host with one address is one line of /etc/hosts; Compose does not see that `a:1.2.3.4` and `a=1.2.3.4` say the same',
    apply(config) {
      for (const service of servicesOf(config)) {
        if (Array.isArray(service.extra_hosts)) service.extra_hosts = [...new Set(service.extra_hosts)];
      }
    },
  },
  {
    reason: 'ports are a set, and Compose prints those of a range in an order that changes from run to run',
    apply(config) {
      for (const service of servicesOf(config)) {
        if (Array.isArray(service.ports)) service.ports.sort((a, b) => (textOf(a) < textOf(b) ? -1 : 1));
      }
    },
  },
];

/** A copy of a printed project with all the rules applied. */
export function normalised(text: string): Json {
  const config = JSON.parse(text) as { [key: string]: Json };
  for (const rule of RULES) rule.apply(config);
  return config;
}

function servicesOf(config: { [key: string]: Json }): { [key: string]: Json }[] {
  const services = config.services;
  return isMapping(services) ? Object.values(services).filter(isMapping) : [];
}

function isMapping(value: Json | undefined): value is { [key: string]: Json } {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Independent of the order of keys. */
const textOf = (value: Json): string =>
  JSON.stringify(isMapping(value) ? Object.fromEntries(Object.entries(value).sort()) : value);
