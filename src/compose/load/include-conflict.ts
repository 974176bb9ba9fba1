import { entryOf, type YamlNode } from '../../yaml/node.ts';

/** Keys of a service that Docker Compose rewrites or completes when it loads an included file. */
const REWRITTEN = [
  ...['build', 'configs', 'depends_on', 'devices', 'dns', 'env_file', 'environment', 'extends', 'gpus', 'label_file'],
  ...['models', 'networks', 'ports', 'secrets', 'ulimits', 'volumes', 'deploy', 'healthcheck'],
];

/**
 * True when a resource of the including file has the form that Docker Compose gives it on loading. Compose compares that form with the
 * written one, so only such a resource may be in both files. A service with rewritten keys counts as a conflict: it nearly always is one.
 */
export function isAsCanonical(section: string, node: YamlNode): boolean {
  if (section === 'services') return !REWRITTEN.some((key) => entryOf(node, key));
  if (section === 'configs' || section === 'secrets') return !entryOf(node, 'file') && !entryOf(node, 'environment');
  return entryOf(node, 'external')?.value.kind !== 'mapping' && !entryOf(node, 'driver_opts');
}
