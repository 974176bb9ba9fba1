import { specHash } from '../../container/labels/hash.ts';
import type { DesiredContainer } from '../../model/state.ts';

/** The name that a successor has until it has taken over. Unlike a final name, it tells which replacement it belongs to. */
export const temporaryName = (wanted: DesiredContainer): string =>
  `${wanted.name}.${specHash(wanted.spec).slice(0, 8)}`;

/** A temporary name that none of these has: what is to be replaced may itself have been left under one. */
export function freeName(wanted: DesiredContainer, taken: readonly { name: string }[]): string {
  const name = temporaryName(wanted);
  return taken.some((other) => other.name === name) ? `${name}.next` : name;
}

/** Whether a container of this place was left under a temporary name, whatever revision gave it. */
export const isTemporaryName = (name: string, { name: final }: DesiredContainer): boolean =>
  name.startsWith(`${final}.`) && /^[0-9a-f]{8}(\.next)*$/.test(name.slice(final.length + 1));
