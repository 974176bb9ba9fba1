import type { ContainerSpec } from '../model/spec.ts';
import { type Field, hostConfig } from './field.ts';
import type { Json } from './json.ts';
import { billionths, bytes, count, flag, level, limit, text } from './kinds.ts';

/** An engine that is given memory and no swap allows as much swap again. */
const swap = ({ Memory, MemorySwap }: ContainerSpec): Json | undefined =>
  MemorySwap === undefined || MemorySwap === 0 || (Memory && MemorySwap === 2 * Memory) ? undefined : MemorySwap;

/** What the container may use. Most of it can be changed while it runs. */
export const resourceFields: Field[] = [
  hostConfig('Memory', bytes, { label: 'memory', inPlace: true }),
  hostConfig('MemoryReservation', bytes, { label: 'mem_reservation', inPlace: true }),
  hostConfig(
    'MemorySwap',
    { ...bytes, none: 'twice the memory' },
    {
      label: 'memswap_limit',
      inPlace: true,
      wanted: ({ desired }) => swap(desired),
      found: ({ observed }) => swap(observed),
    },
  ),
  hostConfig('MemorySwappiness', { ...level, none: "the kernel's" }, { label: 'mem_swappiness' }),
  hostConfig('NanoCpus', billionths, { label: 'cpus', inPlace: true }),
  hostConfig('CpuShares', count, { label: 'cpu_shares', inPlace: true }),
  hostConfig('CpuPeriod', count, { label: 'cpu_period', inPlace: true }),
  hostConfig('CpuQuota', limit, { label: 'cpu_quota', inPlace: true }),
  hostConfig('CpuRealtimePeriod', count, { label: 'cpu_rt_period', inPlace: true }),
  hostConfig('CpuRealtimeRuntime', count, { label: 'cpu_rt_runtime', inPlace: true }),
  hostConfig('CpusetCpus', text, { label: 'cpuset', inPlace: true }),
  hostConfig('CpusetMems', text, { label: 'cpuset_mems', inPlace: true }),
  hostConfig('PidsLimit', limit, { label: 'pids_limit', inPlace: true }),
  hostConfig('BlkioWeight', count, { label: 'blkio_config.weight', inPlace: true }),
  hostConfig('OomKillDisable', flag, { label: 'oom_kill_disable' }),
  hostConfig('OomScoreAdj', { ...count, none: '0' }, { label: 'oom_score_adj' }),
];
