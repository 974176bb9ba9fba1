import type { Position } from '../../../lib/errors.ts';
import type { Dependency } from '../../../model/state.ts';
import { describe } from '../../../yaml/node.ts';
import { type Decoder, flag, text, withShape, word } from '../decode.ts';
import { record } from '../record.ts';

export interface DependencyAt extends Dependency {
  at: Position;
}

const CONDITIONS = {
  service_started: 'started',
  service_healthy: 'healthy',
  service_completed_successfully: 'completed',
} as const;

const LONG = record('a dependency', {
  condition: word('service_started', 'service_healthy', 'service_completed_successfully'),
  required: flag,
  restart: flag,
});

/** Reads `depends_on`: a list of services, or a mapping of services to conditions. */
export const dependsOn: Decoder<DependencyAt[]> = withShape(LONG.shape, (node, report) => {
  if (node.kind === 'sequence') {
    const found = new Map<string, DependencyAt>();
    for (const item of node.items) {
      const service = text(item, report);
      if (service !== undefined) found.set(service, { ...started(service), at: item.at });
    }
    return [...found.values()];
  }
  if (node.kind !== 'mapping') {
    return report.error(node, `depends_on must be a list or a mapping, not ${describe(node)}`);
  }
  return node.entries.flatMap(({ key, keyAt, value }) => {
    const read = LONG(value, report);
    if (!read) return [];
    if (!read.condition) {
      report.error(keyAt, `depends_on.${key} needs a condition`, 'the short form means service_started');
      return [];
    }
    const { required = true, restart = false } = read;
    return [{ service: key, condition: CONDITIONS[read.condition], required, restart, at: keyAt }];
  });
});

const started = (service: string): Dependency => ({ service, condition: 'started', required: true, restart: false });
