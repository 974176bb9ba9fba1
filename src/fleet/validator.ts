import { Ajv, type ValidateFunction } from 'ajv';

let ajv: Ajv | undefined;
const compiled = new Map<object, ValidateFunction>();

/** The check of a JSON Schema, compiled at its first use. */
export function validator(schema: object): ValidateFunction {
  const known = compiled.get(schema);
  if (known) return known;
  // patternErrorMessage is what editors show for a pattern that does not match; so do we.
  ajv ??= new Ajv({ allErrors: true, verbose: true, allowUnionTypes: true }).addVocabulary(['patternErrorMessage']);
  const validate = ajv.compile(schema);
  compiled.set(schema, validate);
  return validate;
}
