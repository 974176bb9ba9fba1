import { servicesAndHooks } from '../model/app/services-and-hooks.ts';
import type { ContainerSpec } from '../model/spec.ts';
import type { DesiredApp } from '../model/state.ts';
import type { Asking } from './asks.ts';

/** The most that all containers of an app may use together. Absent: no limit. */
export interface Ceilings {
  /** Bytes. */
  memory?: number | undefined;
  cpus?: number | undefined;
}

export interface Excess extends Asking {
  rule: keyof Ceilings;
  words: string;
}

/** Each ceiling that an app goes beyond, all hooks counted. A container without a limit of its own goes beyond every ceiling. */
export function excesses(app: DesiredApp, { memory, cpus }: Ceilings): Excess[] {
  const found: Excess[] = [];
  const sum = { memory: 0, cpus: 0 };
  for (const { name: service, containers } of servicesAndHooks(app)) {
    for (const { spec } of containers) {
      sum.memory += spec.Memory || Number.POSITIVE_INFINITY;
      sum.cpus += cpusOf(spec);
    }
    const spec = containers[0]?.spec;
    if (!spec) continue;
    if (memory !== undefined && !spec.Memory)
      found.push({ rule: 'memory', service, field: 'Memory', words: 'no mem_limit' });
    else if (memory !== undefined && swapsMore(spec))
      found.push({ rule: 'memory', service, field: 'MemorySwap', words: 'memswap_limit: more than twice mem_limit' });
    if (cpus !== undefined && cpusOf(spec) === Number.POSITIVE_INFINITY)
      found.push({ rule: 'cpus', service, field: 'NanoCpus', words: 'no limit of cpus' });
  }
  if (memory !== undefined && Number.isFinite(sum.memory) && sum.memory > memory)
    found.push({
      rule: 'memory',
      field: 'Memory',
      words: `mem_limit: ${mebibytes(sum.memory)} in all, and ${mebibytes(memory)} are allowed`,
    });
  if (cpus !== undefined && Number.isFinite(sum.cpus) && sum.cpus > cpus)
    found.push({
      rule: 'cpus',
      field: 'NanoCpus',
      words: `cpus: ${rounded(sum.cpus)} in all, and ${rounded(cpus)} are allowed`,
    });
  return found;
}

/** Without a limit of its own, a container may swap as much again as it has memory. */
const swapsMore = ({ Memory = 0, MemorySwap = 0 }: ContainerSpec): boolean => MemorySwap < 0 || MemorySwap > 2 * Memory;

/** The engine's own period, in microseconds. */
const PERIOD = 100_000;

function cpusOf({ NanoCpus = 0, CpuQuota = 0, CpuPeriod = 0 }: ContainerSpec): number {
  if (NanoCpus > 0) return NanoCpus / 1e9;
  return CpuQuota > 0 ? CpuQuota / (CpuPeriod || PERIOD) : Number.POSITIVE_INFINITY;
}

const mebibytes = (bytes: number): string => `${rounded(bytes / 2 ** 20)} MiB`;
const rounded = (value: number): string => String(Math.round(value * 100) / 100);
