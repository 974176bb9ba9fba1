import { FIELDS } from '../../../container/fields/table.ts';
import { InputError } from '../../../lib/errors.ts';
import type { ScalarNode, YamlNode } from '../../../yaml/node.ts';
import type { Report } from '../../report.ts';

/** The keys of a service whose values may be secret: NAME: value, or NAME=value. An engine shows all others in lists, names and events. */
const MAY_HOLD: ReadonlySet<string> = new Set(
  FIELDS.flatMap(({ label, holdsSecrets }) => (holdsSecrets ? [label] : [])),
);

/**
 * Reports each text of a Compose file with a decrypted value in it, in any place but those that may hold one. So a new key may hold none. Messages name the
 * variable and the place.
 */
export function refuseSecrets(root: YamlNode, report: Report): void {
  const visit = (node: YamlNode, path: readonly string[]): void => {
    if (node.kind === 'sequence') for (const item of node.items) visit(item, path);
    else if (node.kind === 'mapping') for (const { key, value } of node.entries) visit(value, [...path, key]);
    else if (node.secret && !mayHold(node, path)) {
      report.error(node.at, ...refusal(node.secret.name, path.join('.')));
      report.spoil(node);
    }
  };
  visit(root, []);
}

/** Throws InputError for a text with a decrypted value in it. */
export function requireNoSecret(node: YamlNode, key: string): void {
  if (node.kind === 'scalar' && node.secret) throw InputError.at(node.at, ...refusal(node.secret.name, key));
}

/** In words: a variable whose value was decrypted is in the wrong place. */
export const refusal = (name: string, place: string): [message: string, hint: string] => [
  `${name} is encrypted in Git, and its decrypted value would be in ${place}, where others can see it`,
  'use such a value under environment of a service only, or give a container the encrypted file as a secret',
];

/** In a list, the part before the `=` is a name, and a name is no secret. */
function mayHold({ secret, text }: ScalarNode, [section, , key = '', name, ...rest]: readonly string[]): boolean {
  if (section !== 'services' || !MAY_HOLD.has(key) || rest.length > 0) return false;
  if (name !== undefined) return true;
  const end = text.indexOf('=');
  return end >= 0 && secret !== undefined && end < secret.from;
}
