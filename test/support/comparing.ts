import { differences } from '../../src/container/compare.ts';
import type { ContainerSpec } from '../../src/model/spec.ts';
import type { EngineCapabilities, ImageConfig } from '../../src/model/state.ts';

export const NEW_DOCKER: EngineCapabilities = {
  update: true,
  networksAtCreate: true,
  removesJoined: true,
  startInterval: true,
  unreported: [],
  quirks: [],
};

/** What differs between two specs, in words. An image that brings nothing, where none is given. */
export const texts = (
  desired: Partial<ContainerSpec>,
  observed: Partial<ContainerSpec>,
  image: ImageConfig | undefined = {},
  can: EngineCapabilities = NEW_DOCKER,
): string[] =>
  differences({ Image: 'app', ...desired }, { Image: 'app', ...observed }, image, can).map(({ text }) => text);
