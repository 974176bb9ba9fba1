import type { Position } from '../../../lib/errors.ts';
import type { YamlNode } from '../../../yaml/node.ts';

import { type Decoder, flag, list, listOrOne, map, type Pair, pairs, text, withShape, word } from '../decode.ts';
import { record } from '../record.ts';

/** Reads `environment`: names with values. A null takes the value that interpolation knows. */
export const environment: Decoder<Pair[]> = map(pairs, (found, _node, report) => {
  for (const { name, at } of found) {
    if (/\s$/.test(name)) report.error(at, `the variable ${JSON.stringify(name)} ends in a space`);
  }
  return found;
});

/** Refuses a path with a value that only the site knows, because Git has no file for it. */
const path: Decoder<string> = map(text, (value, node, report) =>
  node.kind === 'scalar' && node.siteValue !== undefined
    ? report.error(node, 'Git must have the file, so its path cannot have values that only the site knows')
    : value,
);

export interface EnvFile {
  path: string;
  required: boolean;
  format: 'dotenv' | 'raw';
  at: Position;
}

const LONG = record('an env_file', { path, required: flag, format: word('raw') });

const one: Decoder<EnvFile> = (node, report) => {
  if (node.kind !== 'mapping') {
    return map(path, (value): EnvFile => ({ path: value, required: true, format: 'dotenv', at: node.at }))(
      node,
      report,
    );
  }
  const read = LONG(node, report);
  if (!read) return undefined;
  if (!read.path) return report.error(node, 'the env_file has no path');
  return { path: read.path, required: read.required ?? true, format: read.format ?? 'dotenv', at: node.at };
};

/** Reads `env_file`: one file or several. If a file is there twice, the last entry counts. */
export const envFiles: Decoder<EnvFile[]> = withShape(LONG.shape, (node, report) => {
  const asList: YamlNode = node.kind === 'sequence' ? node : { kind: 'sequence', at: node.at, items: [node] };
  return map(list(one), (files) => [...new Map(files.map((file) => [file.path, file])).values()])(asList, report);
});

/** A file of `label_file`, and the position that names it. */
export interface LabelFile {
  path: string;
  at: Position;
}

/** Reads `label_file`: one file or several. */
export const labelFiles: Decoder<LabelFile[]> = listOrOne(map(path, (value, node) => ({ path: value, at: node.at })));
