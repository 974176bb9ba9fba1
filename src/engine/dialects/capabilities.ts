import { compareApiVersions as compare } from '../../lib/api-version.ts';
import type { FieldName } from '../../model/spec.ts';
import type { EngineFacts } from '../../model/state.ts';
import type { VersionAnswer } from './dialect.ts';
import { dialectOf } from './dialects.ts';

/** The newest version of the API that Holdfast is tested with. */
export const NEWEST_API = '1.51';

/** The answer of /info, as far as it is read: the machine, and what its kernel can limit. */
export interface InfoAnswer {
  Name?: string;
  /** Bytes. */
  MemTotal?: number;
  Runtimes?: Record<string, unknown> | null;
  CgroupVersion?: string;
  MemoryLimit?: boolean;
  SwapLimit?: boolean;
  OomKillDisable?: boolean;
  PidsLimit?: boolean;
  CpuCfsPeriod?: boolean;
  CpuCfsQuota?: boolean;
  CPUShares?: boolean;
  CPUSet?: boolean;
  Warnings?: string[] | null;
}

/** The version to speak: the newest that both sides know; undefined when there is none. */
export function negotiate({ ApiVersion = '1.41', MinAPIVersion = '1.12' }: VersionAnswer): string | undefined {
  const spoken = compare(ApiVersion, NEWEST_API) < 0 ? ApiVersion : NEWEST_API;
  return compare(spoken, MinAPIVersion) < 0 ? undefined : spoken;
}

export function factsOf(version: VersionAnswer, info: InfoAnswer, apiVersion: string): EngineFacts {
  const { product, capabilities } = dialectOf(version);
  const can = capabilities(apiVersion);
  return {
    product,
    version: version.Version ?? 'unknown',
    apiVersion,
    machine: info.Name || undefined,
    host: {
      memory: info.MemTotal || undefined,
      runtimes: info.Runtimes ? Object.keys(info.Runtimes).sort() : undefined,
      arch: version.Arch || undefined,
      os: version.Os || undefined,
      engine: product.toLowerCase(),
    },
    can: { ...can, unreported: [...can.unreported, ...beyondKernel(info)] },
  };
}

/** Fields that this kernel cannot limit: the engine drops them, with a warning at create. */
function beyondKernel(info: InfoAnswer): FieldName[] {
  const warned = (words: string): boolean => Boolean(info.Warnings?.some((warning) => warning.includes(words)));
  const secondCgroups = info.CgroupVersion === '2';
  const missing: [boolean, FieldName[]][] = [
    [info.MemoryLimit === false, ['Memory', 'MemoryReservation', 'MemorySwap', 'MemorySwappiness']],
    [info.SwapLimit === false || secondCgroups, ['MemorySwappiness']],
    [info.SwapLimit === false, ['MemorySwap']],
    [info.OomKillDisable === false || secondCgroups, ['OomKillDisable']],
    [info.PidsLimit === false, ['PidsLimit']],
    [info.CpuCfsPeriod === false || info.CpuCfsQuota === false, ['NanoCpus', 'CpuPeriod', 'CpuQuota']],
    [info.CPUShares === false, ['CpuShares']],
    [info.CPUSet === false, ['CpusetCpus', 'CpusetMems']],
    [warned('blkio weight support') || warned('No io.weight support'), ['BlkioWeight']],
    [warned('blkio weight_device') || warned('io.weight (per device)'), ['BlkioWeightDevice']],
    [warned('throttle.read_bps_device') || warned('io.max (rbps)'), ['BlkioDeviceReadBps']],
    [warned('throttle.read_iops_device') || warned('io.max (riops)'), ['BlkioDeviceReadIOps']],
    [warned('throttle.write_bps_device') || warned('io.max (wbps)'), ['BlkioDeviceWriteBps']],
    [warned('throttle.write_iops_device') || warned('io.max (wiops)'), ['BlkioDeviceWriteIOps']],
    [secondCgroups, ['CpuRealtimePeriod', 'CpuRealtimeRuntime']],
  ];
  return missing.flatMap(([isMissing, fields]) => (isMissing ? fields : []));
}
