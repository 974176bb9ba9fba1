import { InputError, type Position } from '../../lib/errors.ts';
import type { Snapshot } from '../../model/snapshot.ts';
import { readDocument } from '../document.ts';
import { below, text } from './values.ts';

/** A value in a document, and its position. */
export interface WrittenValue {
  name: string;
  value: string;
  at: Position;
}

/** The `values` of fleet.yaml or of a Site; an empty list when the document is invalid. Throws SourceError. */
export async function writtenValues(snapshot: Snapshot, file: string, kind: 'Fleet' | 'Site'): Promise<WrittenValue[]> {
  try {
    const root = await readDocument(snapshot, file, kind);
    const values = below(root, 'spec', 'values');
    if (values?.kind !== 'mapping') return [];
    return values.entries.map(({ key, keyAt, value }) => ({ name: key, value: text(value) ?? '', at: keyAt }));
  } catch (error) {
    if (error instanceof InputError) return [];
    throw error;
  }
}
