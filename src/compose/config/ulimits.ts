import type { Limits } from '../keys/host/host-settings.ts';
import { type Json, unlessEmpty } from './printer.ts';

/** Prints `ulimits`. Compose omits zeros, so a single zero is an empty mapping. */
export const limits = (all: Limits): Json | undefined =>
  unlessEmpty(Object.fromEntries(Object.entries(all).map(([name, each]) => [name, limit(each)])));

function limit(value: Limits[string]): Json {
  if (typeof value === 'number') return value === 0 ? {} : value;
  return { ...(value.soft !== 0 && { soft: value.soft }), ...(value.hard !== 0 && { hard: value.hard }) };
}
