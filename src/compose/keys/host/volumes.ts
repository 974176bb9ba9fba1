import { posix } from 'node:path';
import { present } from '../../../container/present.ts';
import type { Position } from '../../../lib/errors.ts';
import type { MountSpec } from '../../../model/spec.ts';
import { entryOf, type YamlNode } from '../../../yaml/node.ts';
import type { Report } from '../../report.ts';
import { bytes, type Decoder, flag, integer, quoted, text, withShape, word } from '../decode.ts';
import { type Decoded, record } from '../record.ts';
import { labels } from './host-settings.ts';

/** A mount as written: a bind has its relative source, a volume its key in the Compose file. */
export interface Mount extends MountSpec {
  at: Position;
  /** The long form that Docker Compose makes from the short form. */
  written: WrittenMount;
}

const PROPAGATIONS = ['rprivate', 'private', 'rshared', 'shared', 'rslave', 'slave'] as const;
const WITHOUT_EFFECT = ['cached', 'delegated', 'consistent', 'default'];

const BIND_KEYS = {
  propagation: word(...PROPAGATIONS),
  create_host_path: flag,
  selinux: word('z', 'Z'),
  recursive: word('enabled', 'disabled', 'writable', 'readonly'),
};

const VOLUME_KEYS = { nocopy: flag, subpath: text, labels };

const TMPFS_KEYS = { size: bytes, mode: integer(0, 0o7777) };

const MOUNT_KEYS = {
  type: word('bind', 'volume', 'tmpfs', 'image', 'cluster', 'npipe'),
  source: text,
  target: text,
  read_only: flag,
  consistency: word('cached', 'delegated', 'consistent', 'default'),
  bind: record('bind', BIND_KEYS),
  volume: record('volume', VOLUME_KEYS),
  tmpfs: record('tmpfs', TMPFS_KEYS),
  image: record('image', { subpath: text }),
};

const LONG = record('a mount', MOUNT_KEYS);

/** The long form of a mount. */
export type WrittenMount = Decoded<typeof MOUNT_KEYS>;

/** Reads `volumes` of a service, in both forms. If several have one target, the last one counts. */
export const volumes: Decoder<Mount[]> = withShape(LONG.shape, (node, report) => {
  if (node.kind !== 'sequence') return report.error(node, 'volumes must be a list');
  const found = new Map<string, Mount>();
  for (const item of node.items) {
    const mount = item.kind === 'mapping' ? longMount(item, report) : shortMount(item, report);
    const target = entryOf(item, 'target')?.value;
    // The long form keeps its target as written. A later check finds equal paths with different spellings.
    if (mount) found.set(target?.kind === 'scalar' ? target.text : mount.Target, mount);
  }
  return [...found.values()];
});

function shortMount(node: YamlNode, report: Report): Mount | undefined {
  const short = text(node, report);
  if (short === undefined) return undefined;
  const parts = short.split(':');
  // A placeholder could be a path or the name of a volume.
  if (short.startsWith('{{')) return report.error(node, `${quoted(node)} is not a mount`);
  if (/^[a-z]$/i.test(parts[0] ?? '') && parts.length > 1) {
    return report.error(node, `${quoted(node)} looks like a Windows drive, because its first part is a single letter`);
  }
  if (parts.some((part) => part === '') || parts.length > 3) {
    return report.error(node, `${quoted(node)} is not a mount`, 'write it as SOURCE:TARGET or SOURCE:TARGET:ro');
  }
  const [source, target, options] = parts.length === 1 ? [undefined, parts[0], undefined] : parts;
  const Target = absoluteTarget(target ?? '', node, report);
  if (Target === undefined) return undefined;
  const Type = source !== undefined && /^[./~\\]/.test(source) ? 'bind' : 'volume';
  const written: WrittenMount = {
    type: Type,
    ...(source !== undefined && { source }),
    target: Target,
    ...(Type === 'bind' ? { bind: { create_host_path: true } } : { volume: {} }),
  };
  const mount: Mount = present({ Type, Source: source, Target, at: node.at, written });
  for (const option of options?.split(',') ?? []) if (!applyOption(mount, option, report)) return undefined;
  if (mount.Propagation && mount.SELinux) {
    return report.error(node, `Docker Compose drops ${mount.SELinux} beside ${mount.Propagation}`, 'use one of them');
  }
  return mount;
}

function applyOption(mount: Mount, option: string, report: Report): boolean {
  const propagation = PROPAGATIONS.find((each) => each === option);
  const { written } = mount;
  if (option === 'ro' || option === 'rw') {
    written.read_only = option === 'ro';
    if (option === 'ro') mount.ReadOnly = true;
    else delete mount.ReadOnly;
  } else if (option === 'z' || option === 'Z') {
    written.bind = { ...written.bind, selinux: option };
    mount.SELinux = option;
  } else if (option === 'nocopy' && mount.Type === 'volume') {
    written.volume = { ...written.volume, nocopy: true };
    mount.NoCopy = true;
  } else if (propagation && mount.Type === 'bind') {
    written.bind = { ...written.bind, propagation };
    mount.Propagation = propagation;
    // The short form of Docker Compose creates the folder, too.
  } else if (WITHOUT_EFFECT.includes(option)) {
    report.warn(mount.at, `the mount option ${option} has no effect on Linux`);
  } else {
    const hint = 'known are ro, rw, z, Z, nocopy and the propagations';
    report.error(mount.at, `a ${mount.Type} mount has no option ${option}`, hint);
    return false;
  }
  return true;
}

function longMount(node: YamlNode, report: Report): Mount | undefined {
  const before = report.problems.length;
  const long = LONG(node, report);
  if (!long || report.problems.length > before) return undefined;
  const Type = long.type;
  if (Type === undefined)
    return report.error(node, 'the mount has no type', 'write type: bind, volume, tmpfs or image');
  if (Type === 'cluster' || Type === 'npipe') {
    const why = Type === 'npipe' ? 'named pipes are for Windows' : 'cluster volumes are for Swarm';
    return report.error(entryOf(node, 'type')?.value, `mounts of type ${Type} are not supported: ${why}`);
  }
  for (const other of ['bind', 'volume', 'tmpfs', 'image'] as const) {
    if (long[other] && other !== Type) {
      return report.error(entryOf(node, other)?.keyAt, `a mount of type ${Type} has no options for ${other}`);
    }
  }
  if (long.target === undefined) return report.error(node, 'the mount has no target');
  if ((Type === 'bind' || Type === 'image') && !long.source)
    return report.error(node, `the ${Type} mount has no source`);
  if (Type === 'tmpfs' && long.source)
    return report.error(entryOf(node, 'source')?.keyAt, 'a tmpfs mount has no source');
  const Target = absoluteTarget(long.target, entryOf(node, 'target')?.value ?? node, report);
  if (Target === undefined) return undefined;
  if (long.consistency) report.warn(node.at, 'consistency has no effect on Linux');
  const { propagation, recursive, create_host_path, selinux } = long.bind ?? {};
  if (selinux && (propagation || recursive || !create_host_path)) {
    const hint = 'set create_host_path: true, and remove propagation and recursive';
    return report.error(node, 'Docker Compose drops selinux in a mount with these options', hint);
  }
  if ((recursive === 'writable' || recursive === 'readonly') && !long.read_only) {
    return report.error(entryOf(node, 'bind')?.keyAt, `recursive: ${recursive} needs read_only: true`);
  }
  return present({
    Type,
    Source: long.source,
    Target,
    ReadOnly: long.read_only,
    // If a bind mount has options, its source is created only with create_host_path.
    MustExist: long.bind && !create_host_path,
    Propagation: propagation,
    SELinux: selinux,
    Recursive: recursive,
    NoCopy: long.volume?.nocopy,
    Subpath: long.volume?.subpath ?? long.image?.subpath,
    Labels: long.volume?.labels,
    SizeBytes: long.tmpfs?.size,
    Mode: long.tmpfs?.mode,
    at: node.at,
    written: { ...long, target: Target },
  });
}

function absoluteTarget(target: string, node: YamlNode, report: Report): string | undefined {
  if (!target.startsWith('/')) {
    return report.error(node, `the target of ${quoted(node)} must be an absolute path in the container`);
  }
  const clean = posix.normalize(target).replace(/(?<=.)\/$/, '');
  return clean === '/' ? report.error(node, 'nothing can be mounted over / of a container') : clean;
}

/** Reads `tmpfs` of a service: paths with options, as `/run:size=64m`. */
export const tmpfs: Decoder<Record<string, string>> = (node, report) => {
  const items = node.kind === 'sequence' ? node.items : [node];
  const found = new Map<string, [path: string, options: string]>();
  for (const item of items) {
    const written = text(item, report);
    if (written === undefined) continue;
    const [path = '', ...options] = written.split(':');
    if (!path.startsWith('/')) report.error(item, `${quoted(item)} does not begin with an absolute path`);
    // Docker Compose merges two entries that are equal up to the first `=`.
    else found.set(written.split('=')[0] ?? '', [path, options.join(':')]);
  }
  const result: Record<string, string> = {};
  for (const [path, options] of found.values()) {
    if (Object.hasOwn(result, path)) report.error(node, `tmpfs mounts ${path} twice`);
    result[path] = options;
  }
  return result;
};
