import { posix } from 'node:path';
import { entryOf, type MappingNode, type ScalarNode, type YamlNode } from '../../../yaml/node.ts';
import { isRemote } from '../remote.ts';

/**
 * Rewrites the relative paths of a Compose file from the base `dir` (itself relative to the project's folder) to the project's folder. The
 * keys that hold paths are those of compose-go 2.9, paths/resolve.go. A seccomp profile, for example, stays relative to the project.
 */
export function relocate(root: MappingNode, dir: string): MappingNode {
  if (dir === '') return root;
  const path: Change = (node) => (node.kind === 'scalar' ? moved(node, node.text, dir) : node);
  const paths: Change = (node) => (node.kind === 'sequence' ? each(node, path) : path(node));
  const envFile: Change = (node) => (node.kind === 'mapping' ? within(node, { path }) : path(node));
  const contexts: Change = (node) =>
    node.kind === 'sequence' ? each(node, (item) => context(item, dir)) : every(node, (value) => context(value, dir));
  const service: Change = (node) =>
    within(node, {
      build: (build) =>
        build.kind === 'mapping' ? within(build, { context: path, additional_contexts: contexts }) : path(build),
      env_file: (files) => (files.kind === 'sequence' ? each(files, envFile) : envFile(files)),
      label_file: paths,
      extends: (reference) => within(reference, { file: path }),
      volumes: (volumes) => each(volumes, (volume) => mount(volume, dir)),
    });
  const file: Change = (node) => within(node, { file: path });
  const include: Change = (node) =>
    node.kind === 'mapping' ? within(node, { path: paths, project_directory: path, env_file: paths }) : path(node);
  return within(root, {
    services: (services) => every(services, service),
    configs: (configs) => every(configs, file),
    secrets: (secrets) => every(secrets, file),
    volumes: (volumes) => every(volumes, (volume) => boundVolume(volume, path)),
    include: (items) => each(items, include),
  }) as MappingNode;
}

type Change = (node: YamlNode) => YamlNode;

function within(node: YamlNode, changes: Record<string, Change>): YamlNode {
  if (node.kind !== 'mapping') return node;
  const entries = node.entries.map((entry) => {
    const change = Object.hasOwn(changes, entry.key) ? changes[entry.key] : undefined;
    return change ? { ...entry, value: change(entry.value) } : entry;
  });
  return { ...node, entries };
}

function every(node: YamlNode, change: Change): YamlNode {
  if (node.kind !== 'mapping') return node;
  return { ...node, entries: node.entries.map((entry) => ({ ...entry, value: change(entry.value) })) };
}

function each(node: YamlNode, change: Change): YamlNode {
  return node.kind === 'sequence' ? { ...node, items: node.items.map(change) } : node;
}

/** Only a file of the host is a path: `./data:/data`, and the source of `type: bind`. */
function mount(node: YamlNode, dir: string): YamlNode {
  if (node.kind === 'scalar') {
    const [, source = '', rest = ''] = /^(\.[^:]*)(:.*)?$/s.exec(node.text) ?? [];
    return source === '' || rest === '' ? node : moved(node, source, dir, rest);
  }
  const type = entryOf(node, 'type')?.value;
  if (type?.kind !== 'scalar' || type.text !== 'bind') return node;
  return within(node, { source: (source) => (source.kind === 'scalar' ? moved(source, source.text, dir) : source) });
}

/** An additional build context, as `FOLDER` or `NAME=FOLDER`. It may also be an image or another service; those stay. */
function context(node: YamlNode, dir: string): YamlNode {
  if (node.kind !== 'scalar') return node;
  const [, name = '', folder = ''] = /^([^=]*=)?(.*)$/s.exec(node.text) ?? [];
  if (/^[^/]*:/.test(folder)) return node;
  const { text } = moved({ ...node, value: folder, text: folder }, folder, dir);
  return { ...node, value: `${name}${text}`, text: `${name}${text}` };
}

/** A volume of driver local that binds a folder. Docker Compose recognises it by `o: bind`. */
function boundVolume(node: YamlNode, path: Change): YamlNode {
  const is = (at: YamlNode | undefined, key: string, text: string): boolean => {
    const value = entryOf(at, key)?.value;
    return value?.kind === 'scalar' && value.text === text;
  };
  const options = entryOf(node, 'driver_opts')?.value;
  if (!is(node, 'driver', 'local') || !is(options, 'o', 'bind')) return node;
  return within(node, { driver_opts: (all) => within(all, { device: path }) });
}

function moved(node: ScalarNode, path: string, dir: string, rest = ''): ScalarNode {
  if (typeof node.value !== 'string' || path === '' || /^[/~]/.test(path) || isRemote(path)) return node;
  const joined = posix.join(dir, path);
  const text = `${joined.startsWith('.') ? joined : `./${joined}`}${rest}`;
  return { ...node, value: text, text };
}
