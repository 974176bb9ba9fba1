import type { VolumeSpec } from '../model/spec.ts';
import type { VolumeBody } from './engine-api.ts';
import { isManagedLabel } from './labels/managed.ts';

/** The request that makes a volume with these labels of ownership. */
export const volumeBody = (
  { Name, Driver, DriverOpts, Labels }: VolumeSpec,
  labels: Record<string, string>,
): VolumeBody => ({
  Name,
  Driver: Driver ?? 'local',
  ...(DriverOpts && { DriverOpts }),
  Labels: { ...Labels, ...labels },
});

/** Labels of ownership are left out: they are in `owner`. */
export function readVolume({ Name, Driver, Options, Labels }: VolumeBody): VolumeSpec {
  const users = Object.fromEntries(Object.entries(Labels ?? {}).filter(([name]) => !isManagedLabel(name)));
  return {
    Name,
    ...(Driver && { Driver }),
    ...(Options && Object.keys(Options).length > 0 && { DriverOpts: Options }),
    ...(Object.keys(users).length > 0 && { Labels: users }),
  };
}
