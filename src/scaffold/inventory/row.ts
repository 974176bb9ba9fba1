import type { Position } from '../../lib/errors.ts';

/** One site of a table. A label or value is null where its cell is empty: the site is not to have it. */
export interface Row {
  name: string;
  labels: ReadonlyMap<string, string | null>;
  values: ReadonlyMap<string, string | null>;
  at: Position;
}
