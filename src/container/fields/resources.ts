import type { ContainerSpec, DeviceRate } from '../../model/spec.ts';
import type { Json } from '../json.ts';
import { hostConfig, type Row, type Rows } from './row/field.ts';
import { billionths, bytes, count, flag, type Kind, level, limit, showBytes, text } from './row/kinds.ts';

/** With a memory limit and no swap limit, an engine allows as much swap as memory. */
const swap = ({ Memory, MemorySwap }: ContainerSpec): Json | undefined =>
  MemorySwap === undefined || MemorySwap === 0 || (Memory && MemorySwap === 2 * Memory) ? undefined : MemorySwap;

const byPath = <T extends { Path: string }>(number: (item: T) => number): Kind<T[]> => ({
  read: (raw) => (Array.isArray(raw) && raw.length > 0 ? raw.map((item: T) => ({ ...item })) : undefined),
  canonical: (items) =>
    items.length > 0 ? Object.fromEntries(items.map((item) => [item.Path, number(item)])) : undefined,
  show: String,
  unordered: true,
});

const rates = byPath<DeviceRate>(({ Rate }) => Rate);

/** Bytes or operations a second, by device. */
const rate = (key: string): Row<DeviceRate[]> => {
  const label = `blkio_config.${key}`;
  const show = (value: Json) => (key.endsWith('bps') ? showBytes(Number(value)) : String(value));
  return hostConfig(rates, { label, entries: show });
};

/** The limits of the container. Most of them can be changed while it runs. */
export const resourceRows = {
  Memory: hostConfig(bytes, { label: 'memory', alias: 'mem_limit', inPlace: true }),
  MemoryReservation: hostConfig(bytes, { label: 'mem_reservation', inPlace: true }),
  MemorySwap: hostConfig(
    { ...bytes, none: 'twice the memory' },
    {
      label: 'memswap_limit',
      inPlace: true,
      wanted: ({ desired }) => swap(desired),
      found: ({ observed }) => swap(observed),
    },
  ),
  MemorySwappiness: hostConfig(
    { ...level, none: "the kernel's" },
    { label: 'mem_swappiness', filledBy: 'someEngines' },
  ),
  NanoCpus: hostConfig(billionths, { label: 'cpus', inPlace: true }),
  CpuShares: hostConfig(count, { label: 'cpu_shares', inPlace: true }),
  CpuPeriod: hostConfig(count, { label: 'cpu_period', inPlace: true }),
  CpuQuota: hostConfig(limit, { label: 'cpu_quota', inPlace: true }),
  CpuRealtimePeriod: hostConfig(count, { label: 'cpu_rt_period', inPlace: true }),
  CpuRealtimeRuntime: hostConfig(count, { label: 'cpu_rt_runtime', inPlace: true }),
  CpusetCpus: hostConfig(text, { label: 'cpuset', inPlace: true }),
  CpusetMems: hostConfig(text, { label: 'cpuset_mems', inPlace: true }),
  PidsLimit: hostConfig(limit, { label: 'pids_limit', inPlace: true, filledBy: 'someEngines' }),
  BlkioWeight: hostConfig(count, { label: 'blkio_config.weight', inPlace: true }),
  BlkioWeightDevice: hostConfig(
    byPath<{ Path: string; Weight: number }>(({ Weight }) => Weight),
    { label: 'blkio_config.weight_device', entries: String },
  ),
  BlkioDeviceReadBps: rate('device_read_bps'),
  BlkioDeviceReadIOps: rate('device_read_iops'),
  BlkioDeviceWriteBps: rate('device_write_bps'),
  BlkioDeviceWriteIOps: rate('device_write_iops'),
  OomKillDisable: hostConfig(flag, { label: 'oom_kill_disable' }),
  OomScoreAdj: hostConfig({ ...count, none: '0' }, { label: 'oom_score_adj' }),
} satisfies Rows;
