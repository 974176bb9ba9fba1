import { deviceFields } from './devices.ts';
import type { Field } from './field.ts';
import { isolationFields, namespaceFields } from './isolation.ts';
import { mountFields } from './mounts.ts';
import { nameFields } from './name-resolution.ts';
import { portFields } from './ports.ts';
import { processFields } from './process.ts';
import { resourceFields } from './resources.ts';

/**
 * The field table: everything that a container is made of. One row says how a key of ContainerSpec is sent to an engine, read back,
 * compared and shown, so that nothing is sent that is not compared, and nothing compared that was not sent. Image, Networks and
 * Files are compared by the planner, endpointDifferences() and contentDigest().
 */
export const FIELDS: readonly Field[] = [
  ...processFields,
  ...portFields,
  ...mountFields,
  ...namespaceFields,
  ...nameFields,
  ...isolationFields,
  ...deviceFields,
  ...resourceFields,
];
