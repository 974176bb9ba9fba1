import { atLeast, compareApiVersions as compare } from '../../lib/api-version.ts';
import type { EngineCapabilities, EngineFacts } from '../../model/state.ts';
import { PODMAN_UNREPORTED } from './podman.ts';

/** The newest version of the API that Holdfast is tested with. */
export const NEWEST_API = '1.51';

/** What /version answers, as far as it is read. */
export interface VersionAnswer {
  Version?: string;
  ApiVersion?: string;
  MinAPIVersion?: string;
  Components?: { Name?: string; Version?: string }[] | null;
}

/** What /info answers, as far as it is read: what the kernel can limit. */
export interface InfoAnswer {
  ID?: string;
  Name?: string;
  DockerRootDir?: string;
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

export function isPodman({ Components }: VersionAnswer): boolean {
  return Boolean(Components?.some(({ Name }) => /podman/i.test(Name ?? '')));
}

export function factsOf(version: VersionAnswer, info: InfoAnswer, apiVersion: string): EngineFacts {
  const podman = isPodman(version);
  const can: EngineCapabilities = {
    update: !podman,
    networksAtCreate: podman || atLeast(apiVersion, '1.44'),
    removesJoined: !podman,
    startInterval: !podman && atLeast(apiVersion, '1.44'),
    unreported: [
      ...(podman ? PODMAN_UNREPORTED : []),
      // Before, a bind that has options must exist, whatever is asked for.
      ...(podman || atLeast(apiVersion, '1.42') ? [] : ['Mounts.CreateMountpoint']),
      ...(podman || atLeast(apiVersion, '1.43') ? [] : ['Annotations']),
      ...beyondKernel(info),
    ],
  };
  return {
    product: podman ? 'podman' : 'docker',
    version: version.Version ?? 'unknown',
    apiVersion,
    // Podman answers with another ID each time.
    id: podman ? `${info.Name}:${info.DockerRootDir}` : (info.ID ?? ''),
    ...(info.Name && { machine: info.Name }),
    can,
  };
}

/** Rows that this kernel has no limits for: the engine drops them, with a warning at create. */
function beyondKernel(info: InfoAnswer): string[] {
  const warned = (words: string): boolean => Boolean(info.Warnings?.some((warning) => warning.includes(words)));
  const secondCgroups = info.CgroupVersion === '2';
  return [
    ...(info.MemoryLimit === false ? ['Memory', 'MemoryReservation', 'MemorySwap', 'MemorySwappiness'] : []),
    ...(info.SwapLimit === false || secondCgroups ? ['MemorySwappiness'] : []),
    ...(info.SwapLimit === false ? ['MemorySwap'] : []),
    ...(info.OomKillDisable === false || secondCgroups ? ['OomKillDisable'] : []),
    ...(info.PidsLimit === false ? ['PidsLimit'] : []),
    ...(info.CpuCfsPeriod === false || info.CpuCfsQuota === false ? ['NanoCpus', 'CpuPeriod', 'CpuQuota'] : []),
    ...(info.CPUShares === false ? ['CpuShares'] : []),
    ...(info.CPUSet === false ? ['CpusetCpus', 'CpusetMems'] : []),
    ...(warned('blkio weight support') || warned('No io.weight support') ? ['BlkioWeight'] : []),
    ...(warned('blkio weight_device') || warned('io.weight (per device)') ? ['BlkioWeightDevice'] : []),
    ...(warned('throttle.read_bps_device') || warned('io.max (rbps)') ? ['BlkioDeviceReadBps'] : []),
    ...(warned('throttle.read_iops_device') || warned('io.max (riops)') ? ['BlkioDeviceReadIOps'] : []),
    ...(warned('throttle.write_bps_device') || warned('io.max (wbps)') ? ['BlkioDeviceWriteBps'] : []),
    ...(warned('throttle.write_iops_device') || warned('io.max (wiops)') ? ['BlkioDeviceWriteIOps'] : []),
    ...(secondCgroups ? ['CpuRealtimePeriod', 'CpuRealtimeRuntime'] : []),
  ];
}
