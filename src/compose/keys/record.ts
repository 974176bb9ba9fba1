import { own } from '../../lib/maps/own.ts';
import { didYouMean } from '../../lib/text/did-you-mean.ts';
import { describe, type MappingEntry, type MappingNode, type YamlNode } from '../../yaml/node.ts';
import type { Report } from '../report.ts';
import { type Decoder, type Refusal, type Shape, withShape } from './decode.ts';

/** A key that is checked and printed and has no effect. */
export type Noted<T> = Decoder<T> & { readonly note: string };

export const refused = (reason: string): Refusal => ({ refused: reason });

/** A key that is checked and printed and has no effect, here as with Docker Compose: a warning says so, with the reason. */
export const noted = <T>(note: string, decoder: Decoder<T>): Noted<T> =>
  Object.assign(
    withShape(decoder.shape, (node, report) => decoder(node, report)),
    { note },
  );

/** The result of `record`: the keys that were there and could be read. */
export type Decoded<S extends Shape> = { [K in keyof S]?: S[K] extends Decoder<infer T> ? T : never };

/** A mapping with known keys; any other is refused by name. `what` names it in messages, as `healthcheck`. */
export function record<S extends Shape>(what: string, shape: S): Decoder<Decoded<S>> {
  return withShape(shape, (node, report) => {
    if (node.kind !== 'mapping') return report.error(node, `${what} must be a mapping, not ${describe(node)}`);
    const result: Record<string, unknown> = {};
    for (const entry of known(node, what, shape, report)) {
      const decoder = own(shape, entry.key);
      if (typeof decoder !== 'function') continue;
      const value = decoder(entry.value, report);
      if (decoder.note !== undefined) report.warn(entry.keyAt, `${entry.key} has no effect: ${decoder.note}`);
      if (value !== undefined) result[entry.key] = value;
    }
    return result as Decoded<S>;
  });
}

/** Holdfast's own extension, where the table of what it is in knows none. A key that a later Holdfast knows must not mean nothing to this one. */
const EXTENSION = 'x-holdfast';
const NEWER = 'this version of Holdfast does not know it there; take it out, or update Holdfast';

/** Holdfast's own keys in one place of a Compose file; nothing at all is as good as none. */
export function extension<S extends Shape>(shape: S): Decoder<Decoded<S>> {
  const keys = record(EXTENSION, shape);
  return withShape(keys.shape, (node, report) =>
    node.kind === 'scalar' && node.value === null ? undefined : keys(node, report),
  );
}

function checkExtension(node: YamlNode, report: Report): void {
  if (node.kind === 'scalar' && node.value === null) return;
  if (node.kind !== 'mapping') {
    report.error(node, `${EXTENSION} must be a mapping, not ${describe(node)}`);
    return;
  }
  for (const { key, keyAt } of node.entries) {
    report.error(keyAt, `unknown key ${key} in ${EXTENSION}`, NEWER);
  }
}

/** The entries of a mapping whose keys are in the table and supported. Reports the others, except `x-` extensions. */
export function known(node: MappingNode, what: string, table: Record<string, object>, report: Report): MappingEntry[] {
  return node.entries.filter(({ key, keyAt, value }) => {
    if (key.startsWith('x-') && !Object.hasOwn(table, key)) {
      if (key === EXTENSION) checkExtension(value, report);
      return false;
    }
    const rule = Object.hasOwn(table, key) ? table[key] : undefined;
    if (rule && !('refused' in rule)) return true;
    if (rule) return report.error(keyAt, `${key} is not supported: ${(rule as Refusal).refused}`);
    const near = report.isFull ? undefined : didYouMean(key, Object.keys(table));
    return report.error(
      keyAt,
      `unknown key ${key} in ${what}`,
      near ? `did you mean ${near}?` : what === EXTENSION ? NEWER : misplaced(value, table),
    );
  });
}

/** Files of the first Compose had their services at the top, and some people still write so. */
const misplaced = (value: YamlNode, table: Record<string, object>): string | undefined =>
  'services' in table && value.kind === 'mapping' && value.entries.some(({ key }) => key === 'image' || key === 'build')
    ? 'put the service below services'
    : undefined;
