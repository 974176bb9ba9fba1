import type { Layer } from '../oci/artifact.ts';

/** Where Git bundles lie that together are one repo. All of it throws SourceError. */
export interface Shelf {
  /** For people. */
  name: string;
  /** Tells one state of it from another. As cheap as it can be. */
  version(signal: AbortSignal): Promise<string>;
  /** The bundles of a state, each going on from those before it. */
  layers(version: string, signal: AbortSignal): Promise<readonly Layer[]>;
  /** One that ends without an error has been proven by its digest. */
  open(layer: Layer, signal: AbortSignal): AsyncIterable<Uint8Array>;
  close(): void;
}
