import { own } from '../../lib/own.ts';
import type { ContainerSpec, MountSpec } from '../../model/spec.ts';
import type { ContainerInspect, CreateContainerBody, MountBody } from '../engine-api.ts';
import type { Surroundings } from './field.ts';
import { map, samePath } from './kinds.ts';

/** Docker 24 and newer put it on volumes that nobody named. */
const ANONYMOUS_LABEL = 'com.docker.volume.anonymous';

/**
 * Plain binds and volumes go to HostConfig.Binds, which makes missing folders of the host as Compose promises; what it has no words for
 * goes to HostConfig.Mounts.
 */
export const fitsBinds = (mount: MountSpec): boolean =>
  (mount.Type === 'bind' || mount.Type === 'volume') &&
  mount.Source !== undefined &&
  !(mount.MustExist && !mount.SELinux) &&
  !mount.Propagation &&
  !mount.Recursive &&
  !mount.NoCopy &&
  !mount.Subpath &&
  !mount.Labels &&
  !`${mount.Source}${mount.Target}`.includes(':');

const bindText = ({ Source, Target, ReadOnly, Propagation, SELinux }: MountSpec): string =>
  `${Source}:${Target}:${[ReadOnly ? 'ro' : 'rw', SELinux, Propagation].filter(Boolean).join(',')}`;

const RECURSIVE = {
  enabled: {},
  disabled: { NonRecursive: true },
  writable: { ReadOnlyNonRecursive: true },
  readonly: { ReadOnlyForceRecursive: true },
} as const;

function readRecursive(options: MountBody['BindOptions']): MountSpec['Recursive'] {
  if (options?.NonRecursive) return 'disabled';
  if (options?.ReadOnlyNonRecursive) return 'writable';
  return options?.ReadOnlyForceRecursive ? 'readonly' : undefined;
}

function mountBody({
  Type,
  Source,
  Target,
  ReadOnly,
  MustExist,
  Propagation,
  Recursive,
  NoCopy,
  Subpath,
  Labels,
  SizeBytes,
  Mode,
}: MountSpec): MountBody {
  const volume = { ...(NoCopy && { NoCopy }), ...(Subpath && { Subpath }), ...(Labels && { Labels }) };
  const tmpfs = { ...(SizeBytes && { SizeBytes }), ...(Mode !== undefined && { Mode }) };
  const bind = {
    ...(Propagation && { Propagation }),
    ...(!MustExist && { CreateMountpoint: true }),
    ...(Recursive && RECURSIVE[Recursive]),
  };
  return {
    Type,
    ...(Source !== undefined && { Source }),
    Target,
    ...(ReadOnly && { ReadOnly }),
    ...(Type === 'bind' && Object.keys(bind).length > 0 && { BindOptions: bind }),
    ...(Type === 'volume' && Object.keys(volume).length > 0 && { VolumeOptions: volume }),
    ...(Type === 'image' && Subpath && { ImageOptions: { Subpath } }),
    ...(Type === 'tmpfs' && Object.keys(tmpfs).length > 0 && { TmpfsOptions: tmpfs }),
  };
}

export function writeMounts(spec: ContainerSpec, body: CreateContainerBody, { inherit }: Surroundings): void {
  const targets = new Set<string>();
  const mounts = (spec.Mounts ?? []).map((mount) => {
    targets.add(samePath(mount.Target));
    const inherited =
      mount.Type === 'volume' && mount.Source === undefined ? own(inherit, samePath(mount.Target)) : undefined;
    return inherited ? { ...mount, Source: inherited } : mount;
  });
  for (const [target, Source] of Object.entries(inherit)) {
    if (!targets.has(samePath(target))) mounts.push({ Type: 'volume', Source, Target: target });
  }
  const binds = mounts.filter(fitsBinds).map(bindText);
  const rest = mounts.filter((mount) => !fitsBinds(mount)).map(mountBody);
  if (binds.length > 0) body.HostConfig.Binds = binds;
  if (rest.length > 0) body.HostConfig.Mounts = rest;
}

const PROPAGATIONS = ['private', 'rprivate', 'shared', 'rshared', 'slave', 'rslave'];

/** `source:target[:options]`. */
function readBind(text: string): MountSpec[] {
  const [Source, Target, options = ''] = text.split(':');
  if (!Source || !Target) return [];
  const words = options.split(',');
  const Propagation = words.find((word) => PROPAGATIONS.includes(word) && word !== 'rprivate');
  const SELinux = words.find((word) => word === 'z' || word === 'Z') as 'z' | undefined;
  return [
    {
      Type: Source.startsWith('/') ? 'bind' : 'volume',
      Source,
      Target,
      ...(words.includes('ro') && { ReadOnly: true }),
      ...(Propagation && { Propagation }),
      ...(SELinux && { SELinux }),
      ...(words.includes('nocopy') && { NoCopy: true }),
    },
  ];
}

function readMountBody({
  Type,
  Source,
  Target,
  ReadOnly,
  BindOptions,
  VolumeOptions,
  ImageOptions,
  TmpfsOptions,
}: MountBody): MountSpec {
  const { Propagation } = BindOptions ?? {};
  const Recursive = readRecursive(BindOptions);
  const Subpath = VolumeOptions?.Subpath || ImageOptions?.Subpath;
  const { [ANONYMOUS_LABEL]: _, ...labels } = VolumeOptions?.Labels ?? {};
  const Labels = map.read(labels);
  return {
    Type: Type as MountSpec['Type'],
    ...(Source && { Source }),
    Target,
    ...(ReadOnly && { ReadOnly }),
    ...(Type === 'bind' && !BindOptions?.CreateMountpoint && { MustExist: true }),
    ...(Propagation && { Propagation }),
    ...(VolumeOptions?.NoCopy && { NoCopy: true }),
    ...(Recursive && { Recursive }),
    ...(Subpath && { Subpath }),
    ...(Labels && { Labels }),
    ...(TmpfsOptions?.SizeBytes && { SizeBytes: TmpfsOptions.SizeBytes }),
    ...(TmpfsOptions?.Mode !== undefined && TmpfsOptions.Mode !== 0 && { Mode: TmpfsOptions.Mode }),
  };
}

export function readMounts({ HostConfig: { Binds, Mounts } }: ContainerInspect): MountSpec[] | undefined {
  const found = [...(Binds ?? []).flatMap(readBind), ...(Mounts ?? []).map(readMountBody)];
  return found.length > 0 ? found : undefined;
}
