import type { Shape } from '../../src/compose/keys/decode.ts';
import { FILE_KEYS, NETWORK_KEYS, TOP_KEYS, VOLUME_KEYS } from '../../src/compose/keys/resources.ts';
import { SERVICE_KEYS } from '../../src/compose/keys/service-keys.ts';
import type { Field } from '../../src/container/fields/row/field.ts';
import { FIELDS } from '../../src/container/fields/table.ts';
import { FILE_NOTES, LOADER_NOTES, NETWORK_NOTES, type Note, SERVICE_NOTES, TOP_NOTES, VOLUME_NOTES } from './notes.ts';

/** One key of a Compose file. */
export interface Row {
  /** `volumes.bind.propagation`. */
  key: string;
  support: 'same' | 'ours' | 'noted' | 'refused';
  /** Its field in the Engine API. */
  field: string;
  text: string;
}

export interface Section {
  title: string;
  rows: Row[];
}

/** All keys of the Compose Specification, from the tables that read and send them. Throws when a key has neither a field nor a note. */
export function supportTable(): Section[] {
  const section = (
    title: string,
    keys: object,
    notes: Record<string, Note>,
    fields: readonly Field[] = [],
  ): Section => ({
    title,
    rows: [...rowsOf(keys as Shape, '', { notes, fields }, undefined), ...resolved(title)].sort((a, b) =>
      a.key < b.key ? -1 : 1,
    ),
  });
  return [
    section('Top level', TOP_KEYS, TOP_NOTES),
    section('Services', SERVICE_KEYS, SERVICE_NOTES, FIELDS),
    section('Networks', NETWORK_KEYS, NETWORK_NOTES),
    section('Volumes', VOLUME_KEYS, VOLUME_NOTES),
    section('Configs and secrets', FILE_KEYS, FILE_NOTES),
  ];
}

/** The keys that the loader resolves. The tables of keys do not have them. */
const resolved = (title: string): Row[] =>
  Object.entries(LOADER_NOTES[title] ?? {}).map(([key, text]) => ({ key, support: 'ours', field: '', text }));

interface Known {
  notes: Record<string, Note>;
  /** Rows of the field table, by the key that they send. */
  fields: readonly Field[];
}

/** `inherited` is the field of the parent key; "" when Holdfast handles that key itself. */
function rowsOf(shape: Shape, above: string, known: Known, inherited: string | undefined): Row[] {
  return Object.keys(shape)
    .sort()
    .flatMap((name) => {
      const key = above ? `${above}.${name}` : name;
      const rule = shape[name];
      if (rule && 'refused' in rule) {
        return [{ key, support: 'refused' as const, field: '', text: rule.refused }];
      }
      const nested = typeof rule === 'function' ? rule.shape : undefined;
      const reason = typeof rule === 'function' ? rule.note : undefined;
      if (reason !== undefined) return [notedRow(key, reason), ...(nested ? notedBelow(nested, key) : [])];
      const note = known.notes[key];
      const own = known.fields.find(({ label, alias }) => label === key || alias === key);
      const field = own?.name ?? note?.field ?? (note?.ours ? '' : inherited);
      if (field === undefined) throw new Error(`there is neither a field nor a note for ${key}: give it a note`);
      const words = [note?.text, own?.inPlace && 'changed in place where the engine can'].filter(Boolean).join('; ');
      const row: Row = { key, support: field ? 'same' : 'ours', field, text: words };
      return [row, ...(nested ? rowsOf(nested, key, known, field) : [])];
    });
}

const notedRow = (key: string, text: string): Row => ({ key, support: 'noted', field: '', text });

/** A key below a key without effect has no effect either. */
const notedBelow = (shape: Shape, above: string): Row[] =>
  Object.keys(shape)
    .sort()
    .flatMap((name) => {
      const rule = shape[name];
      const nested = typeof rule === 'function' ? rule.shape : undefined;
      return [notedRow(`${above}.${name}`, ''), ...(nested ? notedBelow(nested, `${above}.${name}`) : [])];
    });
