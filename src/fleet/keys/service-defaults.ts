import type { FleetDocument } from '../../model/fleet.ts';
import type { YamlNode } from '../../yaml/node.ts';
import { below, flag, keyPositions, text, textMap } from '../values/values.ts';

/** Reads `spec.defaults` of a Fleet. */
export function serviceDefaultsOf(node: YamlNode | undefined): Pick<FleetDocument, 'defaults' | 'defaultsAt'> {
  if (!node) return { defaultsAt: {} };
  const [logging, options] = [below(node, 'logging'), below(node, 'logging', 'options')];
  const pids = text(below(node, 'pids'));
  const init = below(node, 'init');
  const within = (prefix: string, part: YamlNode | undefined) =>
    Object.entries(keyPositions(part)).map(([key, at]) => [`${prefix}${key}`, at] as const);
  return {
    defaults: {
      memory: text(below(node, 'memory')),
      pids: pids === undefined ? undefined : Number(pids),
      init: init && flag(init),
      logging: logging && { driver: text(below(logging, 'driver')), options: options && textMap(options) },
    },
    defaultsAt: Object.fromEntries([
      ...within('', node),
      ...within('logging.', logging),
      ...within('logging.options.', options),
    ]),
  };
}
