import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { build } from 'esbuild';
import { repoDir } from '../../../scripts/engine.ts';
import { compiledValidators } from '../../../scripts/validators.ts';
import { schemaProblems } from '../../../src/fleet/schema/schema.ts';
import { type Kind, SCHEMAS } from '../../../src/fleet/schema/schemas.ts';
import { parseYaml } from '../../../src/yaml/parse.ts';

interface Schema {
  properties?: Record<string, Schema>;
  additionalProperties?: Schema | boolean;
  items?: Schema;
  anyOf?: Schema[];
}

/** Values of every type, and the ones at the edges of what a schema allows: most of them are wrong in most places. */
const VALUES = [
  null,
  true,
  -1,
  0,
  1.5,
  1e12,
  '',
  'enforc',
  'No Name!',
  'a'.repeat(300),
  '2s',
  [],
  [1, 1],
  ['a', 'a'],
  [''],
  {},
  { labels: 1 },
  { 'No Name!': 'x', spec: null },
  { key: 'a', operator: 'Exists', values: ['b'] },
  { key: 'a', operator: 'In' },
];

/** Each value in each place of a schema. */
function* documents(schema: Schema, wrap: (value: unknown) => unknown = (value) => value): Generator<unknown> {
  for (const value of VALUES) yield wrap(value);
  for (const [key, below] of Object.entries(schema.properties ?? {})) {
    yield wrap({ [`${key}x`]: 1 });
    yield* documents(below, (value) => wrap({ [key]: value }));
  }
  if (typeof schema.additionalProperties === 'object')
    yield* documents(schema.additionalProperties, (value) => wrap({ name: value, 'No Name!': value }));
  if (schema.items) yield* documents(schema.items, (value) => wrap([value, value]));
  for (const choice of schema.anyOf ?? []) yield* documents(choice, wrap);
}

describe('the checks of documents that the build compiles', () => {
  let folder: string;
  let compiled: typeof schemaProblems;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'holdfast-validators-'));
    const outfile = join(folder, 'schema.cjs');
    const { metafile } = await build({
      absWorkingDir: repoDir,
      entryPoints: ['src/fleet/schema/schema.ts'],
      outfile,
      bundle: true,
      format: 'cjs',
      platform: 'node',
      plugins: [compiledValidators],
      metafile: true,
    });
    expect(Object.keys(metafile.inputs).filter((path) => /ajv\/dist\/(?!runtime)/.test(path))).toEqual([]);
    ({ schemaProblems: compiled } = await import(outfile));
  });

  afterAll(() => rm(folder, { recursive: true, force: true }));

  test.each(Object.keys(SCHEMAS) as Kind[])(
    'find the same problems in a %s, in the same words, as ajv does',
    async (kind) => {
      let wrong = 0;
      for (const document of documents(SCHEMAS[kind] as Schema)) {
        const text = JSON.stringify(document);
        const root = parseYaml(text, 'document.yaml');
        if (!root) continue;
        const [ours, theirs] = [await compiled(root, kind), await schemaProblems(root, kind)];
        if (theirs.length > 0) wrong += 1;
        // Compared as text first: a matcher on every document takes minutes.
        if (JSON.stringify(ours) !== JSON.stringify(theirs))
          expect({ text, problems: ours }).toEqual({ text, problems: theirs });
      }
      expect(wrong).toBeGreaterThan(200);
    },
  );
});
