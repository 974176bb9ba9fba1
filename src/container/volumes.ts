import type { VolumeSpec } from '../model/spec.ts';
import type { VolumeBody } from './engine-api.ts';
import { usersLabels } from './labels/managed.ts';
import { present } from './present.ts';

/** The request that makes a volume with these labels of ownership. */
export const volumeBody = (
  { Name, Driver = 'local', DriverOpts, Labels }: VolumeSpec,
  labels: Record<string, string>,
): VolumeBody => ({ Name, Driver, ...(DriverOpts && { DriverOpts }), Labels: { ...Labels, ...labels } });

/** A volume as it could have been asked for. The labels of ownership are left out: they are in `owner`. */
export const readVolume = ({ Name, Driver, Options, Labels }: VolumeBody): VolumeSpec =>
  present<VolumeSpec>({ Name, Driver, DriverOpts: Options, Labels: usersLabels(Labels) });
