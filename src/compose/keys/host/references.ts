import type { Position } from '../../../lib/errors.ts';
import { type Decoder, list, map, quoted, text } from '../decode.ts';

/** An entry of `links` or `external_links`: a service or a container, and its alias. */
export interface Link {
  name: string;
  alias: string;
  written: string;
  at: Position;
}

/** Reads `NAME` or `NAME:ALIAS`. */
export const links: Decoder<Link[]> = list(
  map(text, (written, node, report) => {
    const [name = '', alias = name, ...more] = written.split(':');
    if (name === '' || alias === '' || more.length > 0) {
      return report.error(node, `${quoted(node)} is not a link`, 'write it as NAME or NAME:ALIAS');
    }
    return { name, alias, written, at: node.at };
  }),
);

/** An entry of `volumes_from`. */
export interface VolumesFrom {
  kind: 'service' | 'container';
  name: string;
  written: string;
  at: Position;
}

/**
 * Reads `SERVICE` or `container:NAME`. Refuses every mode except `rw`: Docker Compose loses the mode and mounts everything writable, even
 * with `ro`.
 */
export const volumesFrom: Decoder<VolumesFrom[]> = list(
  map(text, (written, node, report) => {
    const parts = written.split(':');
    const kind = parts[0] === 'container' && parts.length > 1 ? 'container' : 'service';
    const [name = '', mode = 'rw', ...more] = kind === 'container' ? parts.slice(1) : parts;
    if (name === '' || more.length > 0) {
      return report.error(node, `${quoted(node)} is not possible here`, 'write it as SERVICE or container:NAME');
    }
    if (mode !== 'rw') {
      const hint = 'mount the volumes by name, with read_only: true';
      return report.error(node, `volumes_from cannot be ${mode}: Docker Compose mounts them writable anyway`, hint);
    }
    return { kind, name, written, at: node.at };
  }),
);
