import { differences } from '../../../src/container/compare.ts';
import type { ContainerSpec } from '../../../src/model/spec.ts';
import type { EngineCapabilities, ImageConfig } from '../../../src/model/state.ts';

export const NEW_DOCKER: EngineCapabilities = {
  update: true,
  networksAtCreate: true,
  removesJoined: true,
  startInterval: true,
  unreported: [],
  quirks: [],
};

/** The differences between two specs, in words. Without an image, one that brings nothing. */
export const texts = (
  desired: Partial<ContainerSpec>,
  observed: Partial<ContainerSpec>,
  image: ImageConfig | undefined = {},
  can: EngineCapabilities = NEW_DOCKER,
): string[] =>
  differences({ Image: 'app', ...desired }, { Image: 'app', ...observed }, image, can).map(({ text }) => text);
