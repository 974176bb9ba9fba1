import { parseIndex } from '../../../src/agent/state/accepted.ts';
import { parseTrustState } from '../../../src/agent/state/trust-store.ts';
import type { World } from './world.ts';

/** The revision of an app that the site enforces; undefined where it has none, or where that is damaged. */
export const acceptedRevision = (world: World, app: string): string | undefined =>
  peeked(world, 'accepted/accepted.json', parseIndex)?.apps[app]?.revision;

/** The commit that everything to come must descend from; undefined where there is none, or where that is damaged. The one repo has one position. */
export const floorOf = (world: World): string | undefined =>
  Object.values(peeked(world, 'trust.json', parseTrustState)?.positions ?? {})[0]?.floor;

/** Monitors ask at every call, and the file seldom changes. */
const parsed = new WeakMap<Uint8Array, unknown>();

function peeked<Value>(
  { disk, stateDir }: World,
  file: string,
  parse: (path: string, text: string) => Value,
): Value | undefined {
  const content = disk.peek(`${stateDir}/${file}`);
  if (!content) return undefined;
  if (!parsed.has(content)) parsed.set(content, parse(file, Buffer.from(content).toString('utf8')));
  return parsed.get(content) as Value;
}
