import { factsOf } from '../../../../src/engine/dialects/capabilities.ts';
import type { Dialect } from '../../../../src/engine/dialects/dialect.ts';
import { docker as dockerDialect } from '../../../../src/engine/dialects/docker.ts';
import { podman as podmanDialect } from '../../../../src/engine/dialects/podman.ts';
import type { EngineFacts } from '../../../../src/model/state.ts';

/** The differences between the answers of engines; in everything else they are alike. */
export interface EngineProfile {
  facts: EngineFacts;
  /** Before API 1.45 the short ID is among an endpoint's aliases. */
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
  /** A container that runs keeps an entry, without an endpoint, of a network that it could not be connected to. */
  keepsRefusedEndpoints: boolean;
  /** A network is not removed while a stopped container is in it. */
  stoppedHoldNetworks: boolean;
  /** The dialect makes this engine's answers like Docker's. */
  dialect: Dialect;
}

export const docker20: EngineProfile = {
  facts: factsOf({ Version: '20.10.24' }, {}, '1.41'),
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
  keepsRefusedEndpoints: true,
  stoppedHoldNetworks: false,
  dialect: dockerDialect,
};

export const docker28: EngineProfile = {
  ...docker20,
  facts: factsOf({ Version: '28.5.2' }, {}, '1.51'),
  shortIdInAliases: false,
  stopEvents: ['kill', 'stop', 'die'],
  disconnectsTwice: false,
  unhealthyWhenStopped: true,
};

export const podman: EngineProfile = {
  ...docker20,
  facts: factsOf({ Version: '4.3.1', Components: [{ Name: 'Podman Engine' }] }, { Name: 'site' }, '1.41'),
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
  keepsRefusedEndpoints: false,
  stoppedHoldNetworks: true,
  dialect: podmanDialect,
};

export const PROFILES: Readonly<Record<string, EngineProfile>> = { docker20, docker28, podman };
