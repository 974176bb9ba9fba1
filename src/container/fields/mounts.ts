import type { ContainerSpec, MountSpec } from '../../model/spec.ts';
import type { ImageConfig } from '../../model/state.ts';
import { joinedId } from '../joined-id.ts';
import { type Json, stableText } from '../json.ts';
import { fitsBinds, readMounts, writeMounts } from './mount-body.ts';
import { type Comparison, hasQuirk, hostConfig, type Rows, type Surroundings } from './row/field.ts';
import { bytes, type Kind, map, samePath, set } from './row/kinds.ts';

/** The images a container needs on the disk: its own, and those it mounts. */
export const imagesOf = ({ Image, Mounts = [] }: ContainerSpec): string[] => [
  ...new Set([Image, ...Mounts.flatMap(({ Type, Source }) => (Type === 'image' && Source ? [Source] : []))]),
];

/** Engines give an anonymous volume such a name. */
export const isAnonymousName = (name: string): boolean => /^[0-9a-f]{64}$/.test(name);

/** By target. A tmpfs belongs to the row Tmpfs, however it was asked for. */
function mounts(specs: MountSpec[] | undefined, comparison: Comparison): Json | undefined {
  const disk = (specs ?? []).filter(({ Type }) => Type !== 'tmpfs');
  if (disk.length === 0) return undefined;
  const isHidden = hasQuirk(comparison, 'hidesMountOptions');
  return Object.fromEntries(
    disk.map(
      ({ Type, Source, Target, ReadOnly, MustExist, Propagation, Recursive, SELinux, NoCopy, Subpath, Labels }) => [
        samePath(Target),
        [
          Type === 'image' && 'image',
          Source === undefined ? 'an anonymous volume' : Type === 'bind' ? samePath(Source) : Source,
          Subpath && `subpath ${Subpath}`,
          ReadOnly && 'ro',
          MustExist && !SELinux && Type === 'bind' && !`${Source}${Target}`.includes(':') && !isHidden && 'must exist',
          Propagation && Propagation !== 'rprivate' && Propagation,
          !isHidden && SELinux,
          Recursive && Recursive !== 'enabled' && !isHidden && `recursive ${Recursive}`,
          NoCopy && !isHidden && 'nocopy',
          Labels && !isHidden && `labels ${stableText(Labels)}`,
        ]
          .filter(Boolean)
          .join(', '),
      ],
    ),
  );
}

/** An anonymous volume counts as the thing that was asked for: an anonymous mount, or a VOLUME of the image. */
function foundMounts(comparison: Comparison): Json | undefined {
  const { desired, observed, image } = comparison;
  const asked = new Map((desired.Mounts ?? []).map((mount) => [samePath(mount.Target), mount]));
  const declared = image && new Set((image.Volumes ?? []).map(samePath));
  const borrows = observed.VolumesFrom?.length && hasQuirk(comparison, 'reportsBorrowedMounts');
  const relevant = (observed.Mounts ?? []).flatMap((mount) => {
    if (borrows && !asked.has(samePath(mount.Target))) return [];
    if (mount.MustExist && hasQuirk(comparison, 'bindsMustExist')) {
      const wanted = asked.get(samePath(mount.Target));
      return [{ ...mount, MustExist: wanted && !fitsBinds(wanted) ? (wanted.MustExist ?? false) : true }];
    }
    if (mount.Type !== 'volume' || (mount.Source !== undefined && !isAnonymousName(mount.Source))) return [mount];
    const { Source: _, ...anonymous } = mount;
    const wanted = asked.get(samePath(mount.Target));
    if (!wanted) return !declared || declared.has(samePath(mount.Target)) ? [] : [anonymous];
    return [wanted.Source === undefined ? anonymous : mount];
  });
  return mounts(relevant, comparison);
}

/**
 * The anonymous volumes that a replacement takes over from a container: those for which it still has a mount or a VOLUME. If its image is not on the
 * disk yet, its VOLUMEs are unknown: then it takes over all, so that nothing is lost.
 */
export function inheritable(
  spec: ContainerSpec,
  image: ImageConfig | undefined,
  volumes: Record<string, string>,
): Record<string, string> {
  const asked = new Map((spec.Mounts ?? []).map((mount) => [samePath(mount.Target), mount]));
  const declared = image && new Set((image.Volumes ?? []).map(samePath));
  const inMemory = new Set(Object.keys(spec.Tmpfs ?? {}).map(samePath));
  return Object.fromEntries(
    Object.entries(volumes).filter(([path]) => {
      const target = samePath(path);
      const mount = asked.get(target);
      if (mount) return mount.Type === 'volume' && mount.Source === undefined;
      return (!declared || declared.has(target)) && !inMemory.has(target);
    }),
  );
}

/** Flags that an engine with the quirk `reportsOwnTmpfs` sets on every tmpfs. */
const OWN_TMPFS_FLAGS = new Set(['rw', 'rprivate', 'nosuid', 'nodev', 'tmpcopyup']);

function tmpfsOptions(options: string, comparison: Comparison): string {
  const words = options.split(',').filter((word) => !['', 'rw', 'size=0', 'mode=1777', 'mode=01777'].includes(word));
  const kept = hasQuirk(comparison, 'reportsOwnTmpfs') ? words.filter((word) => !OWN_TMPFS_FLAGS.has(word)) : words;
  return [...new Set(kept.map(tmpfsOption))].sort().join(',');
}

/** `size=64m` is `size=67108864`, and modes are octal with or without a 0. */
function tmpfsOption(option: string): string {
  const size = /^size=(\d+)([kmg]?)$/i.exec(option);
  if (size)
    return `size=${Number(size[1]) * ({ k: 2 ** 10, m: 2 ** 20, g: 2 ** 30 }[(size[2] ?? '').toLowerCase()] ?? 1)}`;
  return option.replace(/^mode=0+(?=\d)/, 'mode=');
}

function tmpfs(spec: ContainerSpec, comparison: Comparison): Json | undefined {
  const all = [
    ...Object.entries(spec.Tmpfs ?? {}),
    ...(spec.Mounts ?? [])
      .filter(({ Type }) => Type === 'tmpfs')
      .map(({ Target, SizeBytes, Mode, ReadOnly }) => [
        Target,
        [SizeBytes && `size=${SizeBytes}`, Mode && `mode=${Mode.toString(8)}`, ReadOnly && 'ro']
          .filter(Boolean)
          .join(','),
      ]),
  ] as [string, string][];
  return all.length > 0
    ? Object.fromEntries(all.map(([target, options]) => [samePath(target), tmpfsOptions(options, comparison)]))
    : undefined;
}

/** Such an engine gives these three to every read-only container. */
const OWN_TMPFS = ['/run', '/tmp', '/var/tmp'];

function foundTmpfs(comparison: Comparison): Json | undefined {
  const { desired, observed } = comparison;
  const found = tmpfs(observed, comparison) as Record<string, Json> | undefined;
  if (!found || !observed.ReadonlyRootfs || !hasQuirk(comparison, 'reportsOwnTmpfs')) return found;
  const wanted = (tmpfs(desired, comparison) ?? {}) as Record<string, Json>;
  const kept = Object.entries(found).filter(([target]) => target in wanted || !OWN_TMPFS.includes(target));
  return kept.length > 0 ? Object.fromEntries(kept) : undefined;
}

/** The containers whose mounts it shares. Engines report their IDs; from-api.ts finds their services. */
const volumesFrom = (spec: ContainerSpec, { joins }: Surroundings): string[] =>
  (spec.VolumesFrom ?? []).map((from) => joinedId(from, joins));

const none: Kind<MountSpec[]> = { read: () => undefined, canonical: () => undefined, show: String, unordered: true };

/** Everything in the container's file system besides the image. */
export const mountRows = {
  Mounts: hostConfig(none, {
    label: 'volumes',
    write: writeMounts,
    read: readMounts,
    wanted: (comparison) => mounts(comparison.desired.Mounts, comparison),
    found: foundMounts,
    entries: String,
  }),
  VolumesFrom: hostConfig(set, {
    label: 'volumes_from',
    write: (spec, body, around) => {
      if (spec.VolumesFrom) body.HostConfig.VolumesFrom = volumesFrom(spec, around);
    },
  }),
  Tmpfs: hostConfig(map, {
    label: 'tmpfs',
    ownable: 'keys',
    wanted: (comparison) => tmpfs(comparison.desired, comparison),
    found: foundTmpfs,
    entries: (value) => String(value) || 'without options',
  }),
  ShmSize: hostConfig(
    { ...bytes, none: "the engine's" },
    {
      label: 'shm_size',
      filledBy: 'everyEngine',
      engineDefault: (found) => found === 64 * 2 ** 20,
    },
  ),
  StorageOpt: hostConfig(map, { label: 'storage_opt', ownable: 'keys', entries: String }),
} satisfies Rows;
