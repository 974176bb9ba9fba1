import type { FieldName } from '../../model/spec.ts';
import { deviceRows } from './devices.ts';
import { isolationRows, namespaceRows } from './isolation.ts';
import { mountRows } from './mounts.ts';
import { nameRows } from './name-resolution.ts';
import { portRows } from './ports.ts';
import { processRows } from './process.ts';
import { resourceRows } from './resources.ts';
import { type AllRows, type Field, fieldOf } from './row/field.ts';

const ROWS = {
  ...processRows,
  ...portRows,
  ...mountRows,
  ...namespaceRows,
  ...nameRows,
  ...isolationRows,
  ...deviceRows,
  ...resourceRows,
} satisfies AllRows;

/**
 * The field table: everything that a container is made of. One row says how a key of ContainerSpec is sent to an engine, read back,
 * compared and shown, so that nothing is sent that is not compared, and nothing compared that was not sent. A key of ContainerSpec
 * without a row does not compile. Image, Networks and Files are compared by the planner, endpointDifferences() and contentDigest().
 */
export const FIELDS: readonly Field[] = (Object.keys(ROWS) as FieldName[]).map(fieldNamed);

function fieldNamed<K extends FieldName>(name: K): Field {
  const rows: AllRows = ROWS;
  return fieldOf(name, rows[name]);
}

/** The names of the fields that pass a test. */
export const fieldsWhere = (test: (field: Field) => boolean): readonly FieldName[] =>
  FIELDS.filter(test).map(({ name }) => name);
