import type { ContainerSpec, DeviceRate } from '../../model/spec.ts';
import type { Json } from '../json.ts';
import { type Field, hostConfig, mapText } from './field.ts';
import { billionths, bytes, count, flag, type Kind, level, limit, showBytes, text } from './kinds.ts';

/** An engine that is given memory and no swap allows as much swap again. */
const swap = ({ Memory, MemorySwap }: ContainerSpec): Json | undefined =>
  MemorySwap === undefined || MemorySwap === 0 || (Memory && MemorySwap === 2 * Memory) ? undefined : MemorySwap;

const byPath = <T extends { Path: string }>(number: (item: T) => number): Kind<T[]> => ({
  read: (raw) => (Array.isArray(raw) && raw.length > 0 ? raw.map((item: T) => ({ ...item })) : undefined),
  canonical: (items) =>
    items.length > 0 ? Object.fromEntries(items.map((item) => [item.Path, number(item)])) : undefined,
  show: String,
});

const rates = byPath<DeviceRate>(({ Rate }) => Rate);

type RateName = 'BlkioDeviceReadBps' | 'BlkioDeviceReadIOps' | 'BlkioDeviceWriteBps' | 'BlkioDeviceWriteIOps';

/** How much a second of a device: of bytes, or of operations. */
const rate = (name: RateName, key: string): Field => {
  const label = `blkio_config.${key}`;
  const show = (value: Json) => (name.endsWith('Bps') ? showBytes(Number(value)) : String(value));
  return hostConfig(name, rates, { label, text: mapText(label, show) });
};

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
  hostConfig(
    'BlkioWeightDevice',
    byPath<{ Path: string; Weight: number }>(({ Weight }) => Weight),
    { label: 'blkio_config.weight_device', text: mapText('blkio_config.weight_device', String) },
  ),
  rate('BlkioDeviceReadBps', 'device_read_bps'),
  rate('BlkioDeviceReadIOps', 'device_read_iops'),
  rate('BlkioDeviceWriteBps', 'device_write_bps'),
  rate('BlkioDeviceWriteIOps', 'device_write_iops'),
  hostConfig('OomKillDisable', flag, { label: 'oom_kill_disable' }),
  hostConfig('OomScoreAdj', { ...count, none: '0' }, { label: 'oom_score_adj' }),
];
