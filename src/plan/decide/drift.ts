import { own } from '../../lib/own.ts';
import type { DesiredContainer } from '../../model/state.ts';
import type { AppContext } from '../context.ts';
import { isTemporaryName } from '../facts/temporary-names.ts';
import type { Assessment } from './assess.ts';

/**
 * Whether what is wrong at a place is drift: no new revision asks for it, so that selfHeal decides. `right` is the claimant that needs no
 * successor, `found` are all of them.
 */
export function isDrift(
  { memory, desired, settled }: Pick<AppContext, 'memory' | 'desired' | 'settled'>,
  wanted: DesiredContainer,
  right: Assessment | undefined,
  found: Assessment[],
): boolean {
  if (settled) return true;
  const [only, ...others] = found;
  // Nothing there, or work that a revision began and something interrupted.
  if (!only || others.length > 0 || isTemporaryName(only.container.name, wanted)) return false;
  if (only.container.status === 'created') return false;
  // No revision stops what it does not replace.
  if (right?.container.status === 'exited') return true;
  // Another revision was applied before this one: that is what it differs by. Where nothing is remembered, its labels tell.
  return own(memory.applied, desired.name) === undefined && only.madeForThis;
}
