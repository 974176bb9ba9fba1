import { own } from '../lib/maps/own.ts';

/** The ID of the container that `service:NAME` or `container:NAME` means; the name itself if only the engine may know the container. */
export const joinedId = (mode: string, joins: Record<string, string>): string =>
  own(joins, mode) ?? mode.slice(mode.indexOf(':') + 1);
