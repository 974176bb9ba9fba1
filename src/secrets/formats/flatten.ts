import { InputError, type Position } from '../../lib/errors.ts';
import { SOPS_LIMITS } from '../../lib/limits.ts';
import { entry as mapEntry } from '../../lib/maps/map-entry.ts';
import { type Entry, entriesOf, type Mapping, type Value } from '../tree.ts';

/** Metadata in a file that knows no nesting: `age__list_0__map_recipient`. */
interface Node {
  entry: Entry;
  value?: Value;
  keys: Map<string, Node>;
  items: Map<number, Node>;
}

/** Turns flat metadata back into a tree. Throws InputError where names contradict each other. */
export function unflatten(flat: Mapping, at: (offset: number) => Position): Mapping {
  const refuse = ({ offset }: { offset: number }): never => {
    throw InputError.at(at(offset), 'this name in the metadata of sops contradicts another one');
  };
  const root = node({ kind: 'entry', key: '', value: flat, offset: flat.offset });
  for (const entry of entriesOf(flat)) {
    const steps = entry.key.split(/(?=__map_|__list_)/);
    if (steps.length > SOPS_LIMITS.depth) refuse(entry);
    let current = root;
    for (const step of steps) {
      const index = /^__list_(\d{1,5})$/.exec(step)?.[1];
      if (step.startsWith('__list_') && index === undefined) refuse(entry);
      const next =
        index === undefined
          ? mapEntry(current.keys, step.replace(/^__map_/, ''), () => node(entry))
          : mapEntry(current.items, Number(index), () => node(entry));
      current = next;
    }
    current.value = entry.value;
  }
  const value = built(root, refuse);
  return value.kind === 'map' ? value : refuse(flat);
}

const node = (entry: Entry): Node => ({ entry, keys: new Map(), items: new Map() });

function built({ entry, value, keys, items }: Node, refuse: (at: { offset: number }) => never): Value {
  const { offset } = entry;
  if ([value !== undefined, keys.size > 0, items.size > 0].filter(Boolean).length > 1) return refuse(entry);
  if (value !== undefined) return value;
  if (items.size === 0) {
    const entries = [...keys].map(
      ([key, one]): Entry => ({ kind: 'entry', key, value: built(one, refuse), offset: one.entry.offset }),
    );
    return { kind: 'map', entries, offset };
  }
  const inOrder = Array.from({ length: items.size }, (_, index) => items.get(index) ?? refuse(entry));
  return { kind: 'list', items: inOrder.map((one) => built(one, refuse)), offset };
}
