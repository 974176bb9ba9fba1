import { containerHash } from '../../container/labels/hash.ts';
import type { DesiredContainer } from '../../model/state.ts';

/** The name that a successor has until it has taken over. Unlike a final name, it tells which replacement it belongs to. */
export const temporaryName = (wanted: DesiredContainer): string =>
  `${wanted.name}.${containerHash(wanted).slice(0, 8)}`;

/** A temporary name that is free among these: the old container may itself have been left under one. */
export function freeName(wanted: DesiredContainer, taken: readonly { name: string }[]): string {
  const name = temporaryName(wanted);
  return taken.some((other) => other.name === name) ? `${name}.next` : name;
}

/** Tells if a container of this slot has a temporary name, of this or another revision. */
export const isTemporaryName = (name: string, { name: final }: DesiredContainer): boolean =>
  name.startsWith(`${final}.`) && /^[0-9a-f]{8}(\.next)*$/.test(name.slice(final.length + 1));
