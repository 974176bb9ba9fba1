/**
 * The value under a name in a record; undefined when the record has no such own property. People choose the names of apps, services,
 * networks and images, and every object inherits `constructor`, `toString` and others: a plain `record[name]` would find those.
 */
export const own = <Value>(
  record: Readonly<Record<string, Value>> | null | undefined,
  name: string,
): Value | undefined => (record != null && Object.hasOwn(record, name) ? record[name] : undefined);
