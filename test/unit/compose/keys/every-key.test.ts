import { expect, test } from '@jest/globals';
import { supportTable } from '../../../../scripts/pages/table.ts';
import { FILE_SCHEMA, NETWORK_SCHEMA, SERVICE_SCHEMA, TOP_SCHEMA, VOLUME_SCHEMA } from './schema-keys.ts';

test.each([
  ['Top level', TOP_SCHEMA],
  ['Services', SERVICE_SCHEMA],
  ['Networks', NETWORK_SCHEMA],
  ['Volumes', VOLUME_SCHEMA],
  ['Configs and secrets', FILE_SCHEMA],
])('%s: no key of the schema is unknown, at any depth', (title, schema) => {
  const rows = supportTable().find((section) => section.title === title)?.rows ?? [];
  const known = new Map(rows.map(({ key, support }) => [key, support]));
  const isKnown = (key: string): boolean => {
    if (known.has(key)) return true;
    const above = key.split('.').slice(0, -1).join('.');
    // `external` in its old form is read where it is used; what is below a refused key is refused with it.
    return (
      key === 'external.name' || known.get(above) === 'refused' || (above !== '' && !known.has(above) && isKnown(above))
    );
  };
  const unknown = schema
    .trim()
    .split(/\s+/)
    .filter((key) => !isKnown(key));
  expect(unknown).toEqual([]);
});

test('every refused key has a reason', () => {
  const silent = supportTable().flatMap(({ rows }) =>
    rows.filter(({ support, text }) => support === 'refused' && !text),
  );
  expect(silent).toEqual([]);
});
