import type { ScalarNode, YamlNode } from '../../../yaml/node.ts';
import type { Report } from '../../report.ts';
import { substitute, TemplateError } from './template.ts';
import type { Values } from './values.ts';

/**
 * Interpolates every string of a tree as Compose does: values but not keys; the result is a string. It skips the `x-` extensions of the top
 * level and of services: only aliases read them, and those are already resolved. Nodes that aliases share stay shared. `build` has no
 * effect, so a variable without a value is empty there.
 */
export function interpolate(root: YamlNode, values: Values, report: Report): YamlNode {
  const [seen, seenInBuild] = [new Map<YamlNode, YamlNode>(), new Map<YamlNode, YamlNode>()];
  const visit = (node: YamlNode, path: readonly string[]): YamlNode => {
    const all = isBuild(path) ? seenInBuild : seen;
    const known = all.get(node);
    if (known) return known;
    const made = put(node, path);
    all.set(node, made);
    return made;
  };
  const put = (node: YamlNode, path: readonly string[]): YamlNode => {
    if (node.kind === 'scalar') {
      const isTemplate = typeof node.value === 'string' && node.value.includes('$');
      return isTemplate ? interpolateScalar(node, values, report, isBuild(path)) : node;
    }
    if (node.kind === 'sequence') return { ...node, items: node.items.map((item) => visit(item, [...path, '[]'])) };
    const entries = node.entries.map((entry) =>
      isExtension(entry.key, path) ? entry : { ...entry, value: visit(entry.value, [...path, entry.key]) },
    );
    return { ...node, entries };
  };
  return visit(root, []);
}

function isExtension(key: string, path: readonly string[]): boolean {
  return key.startsWith('x-') && (path.length === 0 || (path.length === 2 && path[0] === 'services'));
}

const isBuild = (path: readonly string[]): boolean => path[0] === 'services' && path[2] === 'build';

function interpolateScalar(
  node: ScalarNode,
  values: Values,
  report: Report,
  isWithoutEffect: boolean,
  empty: ReadonlySet<string> = new Set(),
): ScalarNode {
  let siteValue: string | undefined;
  try {
    const { text, ...taint } = substitute(node.text, (name) => {
      if (values.isPlaceholder(name)) siteValue = name;
      return values.lookup(name) ?? (empty.has(name) ? { text: '' } : undefined);
    });
    return { ...node, value: text, text, ...(siteValue !== undefined && { siteValue }), ...taint };
  } catch (error) {
    if (!(error instanceof TemplateError)) throw error;
    const { missing } = error;
    if (isWithoutEffect && missing !== undefined && !error.isDemanded && !empty.has(missing))
      return interpolateScalar(node, values, report, true, new Set([...empty, missing]));
    report.error(node.at, error.message, missing === undefined ? error.hint : values.hint(missing), missing);
    report.spoil(node);
    return node;
  }
}
