import { own } from '../../lib/maps/own.ts';
import type { ContainerSpec, MountSpec } from '../../model/spec.ts';
import type { ContainerInspect, CreateContainerBody, MountBody } from '../engine-api.ts';
import { present } from '../present.ts';
import type { Surroundings } from './row/field.ts';
import { map, samePath } from './row/kinds.ts';

/** Docker 24 and newer put this label on anonymous volumes. */
const ANONYMOUS_LABEL = 'com.docker.volume.anonymous';

/**
 * Plain binds and volumes go to HostConfig.Binds, which creates missing folders of the host, as Compose promises. A mount that Binds cannot express
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

function mountBody(mount: MountSpec): MountBody {
  const { Type, Source, Target, ReadOnly, Propagation, NoCopy, Subpath, Labels, SizeBytes, Mode } = mount;
  const options: Partial<MountBody> = {
    bind: {
      BindOptions: present<NonNullable<MountBody['BindOptions']>>({
        Propagation,
        CreateMountpoint: !mount.MustExist,
        ...(mount.Recursive && RECURSIVE[mount.Recursive]),
      }),
    },
    volume: { VolumeOptions: present<NonNullable<MountBody['VolumeOptions']>>({ NoCopy, Subpath, Labels }) },
    image: { ImageOptions: present<NonNullable<MountBody['ImageOptions']>>({ Subpath }) },
    tmpfs: { TmpfsOptions: { ...present({ SizeBytes }), ...(Mode !== undefined && { Mode }) } },
  }[Type];
  return present<MountBody>({ Type, Source, Target, ReadOnly, ...options });
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
  const mount = present<MountSpec>({
    Type: Source.startsWith('/') ? 'bind' : 'volume',
    Source,
    Target,
    ReadOnly: words.includes('ro'),
    Propagation,
    SELinux,
    NoCopy: words.includes('nocopy'),
  });
  return [mount];
}

function readMountBody(body: MountBody): MountSpec {
  const { Type, Source, Target, ReadOnly, BindOptions, VolumeOptions, ImageOptions, TmpfsOptions } = body;
  const { [ANONYMOUS_LABEL]: _, ...labels } = VolumeOptions?.Labels ?? {};
  return present<MountSpec>({
    Type: Type as MountSpec['Type'],
    Source,
    Target,
    ReadOnly,
    MustExist: Type === 'bind' && !BindOptions?.CreateMountpoint,
    Propagation: BindOptions?.Propagation,
    Recursive: readRecursive(BindOptions),
    NoCopy: VolumeOptions?.NoCopy,
    Subpath: VolumeOptions?.Subpath || ImageOptions?.Subpath,
    Labels: map.read(labels),
    SizeBytes: TmpfsOptions?.SizeBytes,
    Mode: TmpfsOptions?.Mode,
  });
}

export function readMounts({ HostConfig: { Binds, Mounts } }: ContainerInspect): MountSpec[] | undefined {
  const found = [...(Binds ?? []).flatMap(readBind), ...(Mounts ?? []).map(readMountBody)];
  return found.length > 0 ? found : undefined;
}
