import { Ajv, type Options, type ValidateFunction } from 'ajv';
import { type Kind, SCHEMAS } from './schemas.ts';

const compiled = new Map<Kind, ValidateFunction>();

/**
 * The check of a kind of document. From source, ajv compiles it at the first use. The build replaces this file by the code that ajv made of all
 * schemas (scripts/validators.ts), so ajv itself is not in the bundle.
 */
export function validator(kind: Kind): ValidateFunction {
  const known = compiled.get(kind);
  if (known) return known;
  const validate = createAjv().compile(SCHEMAS[kind]);
  compiled.set(kind, validate);
  return validate;
}

/** ajv with the settings that every check is compiled with. */
export function createAjv(options: Options = {}): Ajv {
  const ajv = new Ajv({ allErrors: true, verbose: true, allowUnionTypes: true, ...options });
  // Editors show `patternErrorMessage` for a pattern that does not match, and so do we. `x-since` is the version that brought a key.
  return ajv.addVocabulary(['patternErrorMessage', 'x-since']);
}
