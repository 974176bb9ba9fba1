import type { Problem } from '../../lib/errors.ts';
import { entryOf, type YamlNode } from '../../yaml/node.ts';
import { below } from './values.ts';

const VARIABLE = /\$\{?[A-Za-z_]\w*\}?/;

/** Problems for variables in a document of the fleet layer, where nothing replaces them. Texts in `spec.values` may hold a `$`. */
export function variableProblems(root: YamlNode): Problem[] {
  const values = below(root, 'spec', 'values');
  const problems: Problem[] = [];
  const visit = (node: YamlNode, key: string): void => {
    if (node === values) return;
    if (node.kind === 'sequence') for (const item of node.items) visit(item, key);
    if (node.kind === 'mapping') for (const entry of node.entries) visit(entry.value, entry.key);
    if (node.kind !== 'scalar' || typeof node.value !== 'string') return;
    const found = VARIABLE.exec(node.value)?.[0];
    if (found === undefined) return;
    problems.push({
      message: `${key} holds ${found}, which nothing replaces here`,
      hint: 'variables work only in Compose files; write the text itself, or remove the key and use the variable in the Compose file',
      at: node.at,
    });
  };
  const spec = entryOf(root, 'spec')?.value;
  if (spec) visit(spec, 'spec');
  const labels = below(root, 'metadata', 'labels');
  if (labels) visit(labels, 'labels');
  return problems;
}
