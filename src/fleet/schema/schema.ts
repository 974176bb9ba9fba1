import type { ErrorObject } from 'ajv';
import type { Position, Problem } from '../../lib/errors.ts';
import { didYouMean } from '../../lib/text/did-you-mean.ts';
import { describe, entryOf, toPlain, type YamlNode } from '../../yaml/node.ts';
import { nodeAt } from '../../yaml/pointer.ts';
import { type Kind, SCHEMAS } from './schemas.ts';

/** A problem by a schema. */
export interface SchemaProblem extends Problem {
  /** The key is not known to this version; a newer one may know it. */
  isUnknownKey?: true;
}

/** The problems of a document by its schema, in the order of the text. The caller checks `apiVersion` and `kind`. */
export async function schemaProblems(root: YamlNode, kind: Kind): Promise<SchemaProblem[]> {
  // Loaded only here, because a lone Compose file and a command without a config file do not need it.
  const { validator } = await import('./validator.ts');
  const validate = validator(kind);
  if (validate(toPlain(root))) return [];
  const problems = (validate.errors ?? []).flatMap((error) => explain(error, root, kind) ?? []);
  return problems.sort((a, b) => compare(a.at, b.at)).filter((problem, index) => !sameAs(problem, problems[index - 1]));
}

function explain(error: ErrorObject, root: YamlNode, kind: Kind): SchemaProblem | undefined {
  const path = error.instancePath;
  if (/^\/(apiVersion|kind)$/.test(path)) return undefined;
  const { node, keyAt } = nodeAt(root, path);
  const name = nameOf(path);
  const params = error.params as Record<string, unknown>;
  // An error in one branch of a choice says no more than the choice itself.
  if (/\/anyOf\/\d+\//.test(error.schemaPath)) return undefined;

  switch (error.keyword) {
    // These only say that another error is below them.
    case 'if':
    case 'propertyNames':
      return undefined;
    case 'additionalProperties': {
      const key = String(params.additionalProperty);
      return {
        at: entryOf(node, key)?.keyAt ?? node.at,
        message: `unknown key \`${key}\`${within(path)}`,
        hint: keyHint(key, path, error, kind),
        isUnknownKey: true,
      };
    }
    // The name of a field, or a key after a dot, as the plan prints them.
    case 'anyOf': {
      const allowed = (error.schema as { enum?: string[] }[]).flatMap((each) => each.enum ?? []);
      const near = didYouMean(node.kind === 'scalar' ? node.raw : '', allowed);
      return {
        at: node.at,
        message: `${name} must be the name of a field, not ${shown(node)}`,
        hint: near === undefined ? `known are ${allowed.join(', ')}` : `did you mean \`${near}\`?`,
      };
    }
    case 'required': {
      const key = String(params.missingProperty);
      if (path === '') return undefined;
      return { at: keyAt ?? node.at, message: `\`${key}\` is missing in ${name}` };
    }
    case 'type': {
      const types = [params.type].flat().map(String);
      if (node.kind === 'scalar' && node.value === null) {
        return {
          at: keyAt ?? node.at,
          message: `${name} has no value; ${wanted(types)} was expected`,
          hint: emptyHint(types),
        };
      }
      const { examples } = error.parentSchema as { examples?: string[] };
      return {
        at: node.at,
        message: `${name} must be ${wanted(types)}, not ${describe(node)}`,
        hint: examples && `for example ${examples.join(' or ')}`,
      };
    }
    case 'enum': {
      const allowed = (params.allowedValues as unknown[]).map(String);
      const near = node.kind === 'scalar' ? didYouMean(node.raw, allowed) : undefined;
      return {
        at: node.at,
        message: `${name} must be one of ${allowed.join(', ')}, not ${shown(node)}`,
        hint: near && `did you mean \`${near}\`?`,
      };
    }
    case 'pattern': {
      const rule = String((error.parentSchema as { patternErrorMessage?: string }).patternErrorMessage);
      // For a key, ajv gives its name and the path of the mapping.
      const key = error.propertyName;
      if (key !== undefined)
        return { at: entryOf(node, key)?.keyAt ?? node.at, message: `the name \`${key}\`${within(path)} ${rule}` };
      return { at: node.at, message: `${name} ${rule}, not ${shown(node)}` };
    }
    case 'minItems':
    case 'minLength':
      return { at: node.at, message: `${name} must not be empty` };
    case 'minimum':
      return { at: node.at, message: `${name} must be at least ${params.limit}, not ${shown(node)}` };
    case 'maximum':
      return { at: node.at, message: `${name} must be at most ${params.limit}, not ${shown(node)}` };
    case 'uniqueItems': {
      const twice = nodeAt(root, `${path}/${Math.max(Number(params.i), Number(params.j))}`).node;
      return { at: twice.at, message: `${name} lists ${shown(twice)} twice` };
    }
    case 'false schema':
      return { at: keyAt ?? node.at, message: `${name} does not go with the operators Exists and DoesNotExist` };
    default:
      return { at: node.at, message: `${name} ${error.message}` };
  }
}

/** A hint for an unknown key: a similar key, or the right parent for it. */
function keyHint(key: string, path: string, error: ErrorObject, kind: Kind): string {
  const known = Object.keys((error.parentSchema as { properties?: object }).properties ?? {});
  for (const parent of ['spec', 'metadata']) {
    const { properties = {} } = (SCHEMAS[kind].properties as Record<string, { properties?: object }>)[parent] ?? {};
    if (path !== `/${parent}` && key in properties) return `it belongs under \`${parent}\``;
  }
  const near = didYouMean(key, known);
  return near === undefined ? `known are ${known.join(', ')}` : `did you mean \`${near}\`?`;
}

const TYPES: Record<string, string> = {
  string: 'a string',
  number: 'a number',
  integer: 'a whole number',
  boolean: 'true or false',
  array: 'a list',
  object: 'a mapping',
};

function wanted(types: readonly string[]): string {
  const words = types.map((type) => TYPES[type] ?? type);
  return words.length === 1 ? `${words[0]}` : `${words.slice(0, -1).join(', ')} or ${words.at(-1)}`;
}

function emptyHint(types: readonly string[]): string {
  if (types.includes('object')) return 'write `{}` if it is meant to be there, or remove the key';
  if (types.includes('string')) return 'write `""` for an empty text, or remove the key';
  return 'remove the key, or give it a value';
}

const shown = (node: YamlNode): string =>
  node.kind === 'scalar' && node.value !== null ? JSON.stringify(node.raw) : describe(node);

/** The name for a pointer: `spec.overlays[1].selector` for `/spec/overlays/1/selector`. */
function nameOf(pointer: string): string {
  const steps = pointer.split('/').slice(1);
  const text = steps
    .map((step) => (/^\d+$/.test(step) ? `[${step}]` : `.${step.replaceAll('~1', '/').replaceAll('~0', '~')}`))
    .join('');
  return text === '' ? 'the document' : text.replace(/^\./, '');
}

const within = (pointer: string): string => (pointer === '' ? '' : ` in ${nameOf(pointer)}`);

const compare = (a: Position | undefined, b: Position | undefined): number =>
  (a?.line ?? 0) - (b?.line ?? 0) || (a?.column ?? 0) - (b?.column ?? 0);

const sameAs = (a: Problem, b: Problem | undefined): boolean => a.message === b?.message && compare(a.at, b.at) === 0;
