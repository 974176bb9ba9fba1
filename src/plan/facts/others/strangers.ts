import { own } from '../../../lib/maps/own.ts';
import type { AppFacts } from '../app-facts.ts';

/** The containers that are not ours on a network, in words; undefined: none. While they are on it, the network is neither removed nor made again. */
export function strangersOn({ actual }: AppFacts, network: string): { text: string; hint: string } | undefined {
  const names = own(actual.strangersOn, network) ?? [];
  const [first] = names;
  if (first === undefined) return undefined;
  const text =
    names.length === 1
      ? `container ${first}, which is not ours, is`
      : `containers ${names.join(', ')}, which are not ours, are`;
  return { text, hint: `docker network disconnect ${network} ${first} takes it off` };
}
