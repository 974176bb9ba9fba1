import type { EngineFacts } from '../../../../src/model/state.ts';

/** What makes one engine answer differently from another; everything else all engines do alike. */
export interface EngineProfile {
  facts: EngineFacts;
  /** Before API 1.45 the short ID stands among an endpoint's aliases. */
  shortIdInAliases: boolean;
  /** MemorySwap that was not sent comes back as twice the memory. */
  echoesSwap: boolean;
  /** Names of images come back with the registry they are from. */
  qualifiesImages: boolean;
  /** The endpoint's NetworkID is the network's name. */
  networkIdIsName: boolean;
  /** Variables that the engine puts into every container. */
  addedEnv: readonly string[];
  /** Event actions of a stop, in order. */
  stopEvents: readonly ('kill' | 'die' | 'stop' | 'cleanup')[];
  killEvents: readonly ('kill' | 'die' | 'cleanup')[];
  removeEvent: 'destroy' | 'remove';
  /** `disconnect` is said twice. */
  disconnectsTwice: boolean;
  /** Containers go on running while the engine restarts. */
  outlivesRestart: boolean;
  /** Health reads unhealthy once the container has stopped. */
  unhealthyWhenStopped: boolean;
}

const facts = (product: EngineFacts['product'], version: string, apiVersion: string, can: object): EngineFacts => ({
  product,
  version,
  apiVersion,
  id: 'SIMU:LATE',
  can: { update: true, networksAtCreate: false, subpath: false, startInterval: false, unreported: [], ...can },
});

export const docker20: EngineProfile = {
  facts: facts('docker', '20.10.24', '1.41', {}),
  shortIdInAliases: true,
  echoesSwap: true,
  qualifiesImages: false,
  networkIdIsName: false,
  addedEnv: [],
  stopEvents: ['kill', 'die', 'stop'],
  killEvents: ['kill', 'die'],
  removeEvent: 'destroy',
  disconnectsTwice: true,
  outlivesRestart: false,
  unhealthyWhenStopped: false,
};

export const docker28: EngineProfile = {
  ...docker20,
  facts: facts('docker', '28.5.2', '1.51', { networksAtCreate: true, subpath: true, startInterval: true }),
  shortIdInAliases: false,
  stopEvents: ['kill', 'stop', 'die'],
  disconnectsTwice: false,
  unhealthyWhenStopped: true,
};

export const podman: EngineProfile = {
  ...docker20,
  facts: facts('podman', '4.3.1', '1.41', { update: false, networksAtCreate: true, unreported: ['LogConfig'] }),
  shortIdInAliases: true,
  echoesSwap: false,
  qualifiesImages: true,
  networkIdIsName: true,
  addedEnv: ['container=podman', 'PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin', 'TERM=xterm'],
  stopEvents: ['die', 'cleanup', 'cleanup'],
  killEvents: ['kill', 'die', 'cleanup'],
  removeEvent: 'remove',
  disconnectsTwice: false,
  outlivesRestart: true,
};

export const PROFILES: Readonly<Record<string, EngineProfile>> = { docker20, docker28, podman };
