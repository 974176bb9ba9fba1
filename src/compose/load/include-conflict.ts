import { entryOf, type YamlNode } from '../../yaml/node.ts';

/** Keys of a service that Docker Compose writes in another form, or fills up, when it loads an included file. */
const REWRITTEN = [
  ...['build', 'configs', 'depends_on', 'devices', 'dns', 'env_file', 'environment', 'extends', 'gpus', 'label_file'],
  ...['models', 'networks', 'ports', 'secrets', 'ulimits', 'volumes', 'deploy', 'healthcheck'],
];

/**
 * Whether something of the including file stands there just as Docker Compose would have it after loading it from an included file: only
 * then does it let the same thing stand in both. A service with keys that it rewrites is told to be in conflict, as it nearly always is.
 */
export function isAsCanonical(section: string, node: YamlNode): boolean {
  if (section === 'services') return !REWRITTEN.some((key) => entryOf(node, key));
  if (section === 'configs' || section === 'secrets') return !entryOf(node, 'file') && !entryOf(node, 'environment');
  return entryOf(node, 'external')?.value.kind !== 'mapping' && !entryOf(node, 'driver_opts');
}
