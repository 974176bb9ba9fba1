/**
 * The value that a record itself holds under a name; undefined where it holds none. People name apps, services, networks and images, and every
 * object answers to `constructor`, `toString` and the like: a plain `record[name]` would find those.
 */
export const own = <Value>(
  record: Readonly<Record<string, Value>> | null | undefined,
  name: string,
): Value | undefined => (record != null && Object.hasOwn(record, name) ? record[name] : undefined);
