import type { DeviceRequirement } from '../model/requirement.ts';

/** The machine of a site, as far as it can be seen from here. An answer of undefined: it cannot be seen. */
export interface Host {
  hasDevice(device: DeviceRequirement): Promise<boolean | undefined>;
  /** The number of GPUs. */
  gpus(): Promise<number | undefined>;
  /** Bytes of the file system that has the files of Git, used or free. */
  disk(): Promise<number | undefined>;
  /** Calls back when a device may have come or gone, without looking all the time. The result ends it. */
  watch(listener: () => void): () => void;
}

/** A machine that cannot be seen. */
export const unseenHost: Host = {
  hasDevice: async () => undefined,
  gpus: async () => undefined,
  disk: async () => undefined,
  watch: () => () => {},
};
