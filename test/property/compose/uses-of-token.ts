import fc from 'fast-check';
import { FILE_KEYS, NETWORK_KEYS, TOP_KEYS, VOLUME_KEYS } from '../../../src/compose/keys/resources.ts';
import { SERVICE_KEYS } from '../../../src/compose/keys/service-keys.ts';

/** Every key below a table of keys, as paths. */
function paths(keys: object, above: string[]): string[][] {
  return Object.entries(keys).flatMap(([key, rule]) => {
    const path = [...above, key];
    const below = typeof rule === 'function' ? rule.shape : undefined;
    return [path, ...(below ? paths(below, path) : [])];
  });
}

const PATHS = [
  ...Object.keys(TOP_KEYS).map((key) => [key]),
  ['include'],
  ['include', 'path'],
  ['services', 's', 'extends', 'file'],
  ['services', 's', 'extends', 'service'],
  ...paths(SERVICE_KEYS, ['services', 's']),
  ...paths(NETWORK_KEYS, ['networks', 'n']),
  ...paths(VOLUME_KEYS, ['volumes', 'v']),
  ...paths(FILE_KEYS, ['configs', 'c']),
  ...paths(FILE_KEYS, ['secrets', 'c']),
];

/** Texts with the variable TOKEN. */
export const templates = fc.constantFrom(
  '${TOKEN}',
  '$TOKEN',
  '${TOKEN}:/x',
  './${TOKEN}:/x',
  '/${TOKEN}:/x',
  '/x:${TOKEN}',
  '/x:/y:${TOKEN}',
  '${TOKEN}/y',
  '${TOKEN}:80',
  '80:80/${TOKEN}',
  'a=${TOKEN}',
  '${TOKEN}=a',
  '${TOKEN} ',
  'service:${TOKEN}',
  'container:${TOKEN}',
  '"${TOKEN}',
  "'${TOKEN}",
  '${TOKEN}m',
  'seccomp=${TOKEN}.json',
  '${X:?${TOKEN}}',
  '${X-${TOKEN}}',
  '${TOKEN:?}',
);
const forms = fc.constantFrom(
  (value: unknown) => value,
  (value: unknown) => [value],
  (value: unknown) => [value, value],
  (value: unknown) => ({ key: value }),
  (value: unknown) => [{ source: value, target: value, type: 'bind' }],
  (value: unknown) => [{ source: value, target: '/x', type: 'volume' }],
  (value: unknown) => ({ s: { condition: value } }),
  (value: unknown) => ({ driver: value, options: { a: value } }),
);
const use = fc.tuple(fc.constantFrom(...PATHS), templates, forms);

/** Uses of the variable TOKEN in random places of a Compose file. */
export const usesOfToken = fc.array(use, { minLength: 1, maxLength: 4 });

type Uses = typeof usesOfToken extends fc.Arbitrary<infer T> ? T : never;

/** A Compose file with these uses. */
export function composeOf(uses: readonly Uses[number][]): Record<string, unknown> {
  const compose: Record<string, unknown> = { services: { s: { image: 'busybox' } } };
  for (const [path, template, form] of uses) {
    let here = compose;
    for (const key of path.slice(0, -1)) {
      if (typeof here[key] !== 'object' || Array.isArray(here[key])) here[key] = {};
      here = here[key] as Record<string, unknown>;
    }
    here[path.at(-1) ?? ''] = form(template);
  }
  return compose;
}
