import type { Event } from 'js-yaml';

export type EventOf<T extends Event['type']> = Extract<Event, { type: T }>;

// Names for js-yaml's numbers, which its types spell as literals.
export const DOCUMENT = 1;
export const SEQUENCE = 2;
export const MAPPING = 3;
export const SCALAR = 4;
export const ALIAS = 5;
export const POP = 6;

/** The style of a scalar that is written without quotes. */
export const PLAIN = 1;
