import { readFileSync } from 'node:fs';

export interface Schema {
  description?: string;
  properties?: Record<string, Schema>;
  items?: Schema;
  definitions?: Record<string, Schema>;
  [key: string]: unknown;
}

/** A schema of this repo by its name. */
export const readSchema = (name: string): Schema =>
  JSON.parse(readFileSync(new URL(`../../../schemas/${name}.schema.json`, import.meta.url), 'utf8'));

/** The same schema, in which a key that is not described is an error. */
export function closed(schema: Schema): Schema {
  const inside = (each: Record<string, Schema>) =>
    Object.fromEntries(Object.entries(each).map(([key, value]) => [key, closed(value)]));
  return {
    ...schema,
    ...(schema.properties && { properties: inside(schema.properties), additionalProperties: false }),
    ...(schema.definitions && { definitions: inside(schema.definitions) }),
    ...(schema.items && { items: closed(schema.items) }),
  };
}
