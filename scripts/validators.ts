import standalone from 'ajv/dist/standalone/index.js';
import type { Plugin } from 'esbuild';
import { type Kind, SCHEMAS } from '../src/fleet/schema/schemas.ts';
import { createAjv } from '../src/fleet/schema/validator.ts';
import { repoDir } from './engine.ts';

/** A module that does what src/fleet/schema/validator.ts does, with the code that ajv made of each schema and without ajv. */
export function validatorModule(): string {
  const ajv = createAjv({ code: { source: true, esm: true } });
  const kinds = Object.keys(SCHEMAS) as Kind[];
  for (const kind of kinds) ajv.addSchema(SCHEMAS[kind], kind);
  const code = standalone.default(ajv, Object.fromEntries(kinds.map((kind) => [`check${kind}`, kind])));
  const table = kinds.map((kind) => `${kind}: check${kind}`).join(', ');
  return `${code}\nconst CHECKS = { ${table} };\nexport const validator = (kind) => CHECKS[kind];\n`;
}

/** Puts that module in the place of src/fleet/schema/validator.ts, so that no program that is built loads ajv or compiles a schema. */
export const compiledValidators: Plugin = {
  name: 'compiled-validators',
  setup({ onLoad }) {
    onLoad({ filter: /[\\/]src[\\/]fleet[\\/]schema[\\/]validator\.ts$/ }, () => ({
      contents: validatorModule(),
      resolveDir: repoDir,
    }));
  },
};
