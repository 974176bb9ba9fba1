import { posix } from 'node:path';
import type { Position } from '../../../lib/errors.ts';
import type { YamlNode } from '../../../yaml/node.ts';
import { type Decoder, integer, list, map, quoted, text, withShape } from '../decode.ts';
import { record } from '../record.ts';

/** A service's use of a config or a secret. */
export interface FileUse {
  /** The key at the top level. */
  source: string;
  /** The absolute path in the container. */
  target: string;
  uid?: number | undefined;
  gid?: number | undefined;
  mode?: number | undefined;
  /** The target as written, if there is one. */
  writtenTarget?: string | undefined;
  at: Position;
}

const id: Decoder<number> = map(text, (value, node, report) =>
  /^\d+$/.test(value) ? Number(value) : report.error(node, `${quoted(node)} is not a numeric ID`),
);

/** Reads a mode. YAML's `0440` is already an octal number; a string is read as octal. */
const mode: Decoder<number> = (node, report) => {
  const octal = node.kind === 'scalar' && typeof node.value === 'string' && /^[0-7]{1,5}$/.test(node.value);
  return octal ? Number.parseInt(node.text, 8) : integer(0, 0o7777)(node, report);
};

const LONG = record('a file reference', { source: text, target: text, uid: id, gid: id, mode });

/** Reads `configs` and `secrets` of a service. `folder` is the base of relative targets. */
export function fileUses(folder: '/' | '/run/secrets'): Decoder<FileUse[]> {
  const use = (source: string, target: string | undefined, node: YamlNode): FileUse => ({
    source,
    target: posix.resolve(folder, target || source),
    at: node.at,
  });
  const one: Decoder<FileUse> = withShape(LONG.shape, (node, report) => {
    if (node.kind !== 'mapping') return map(text, (source) => use(source, undefined, node))(node, report);
    const read = LONG(node, report);
    if (!read) return undefined;
    if (!read.source) return report.error(node, 'a source is missing');
    const { uid, gid, mode } = read;
    return {
      ...use(read.source, read.target, node),
      writtenTarget: read.target,
      uid,
      gid,
      mode,
    };
  });
  // If two have one target, as written, the last one counts.
  const key = (each: FileUse) => each.writtenTarget ?? each.target;
  return map(list(one), (uses) => [...new Map(uses.map((each) => [key(each), each])).values()]);
}
