import { servicesAndHooks } from '../../model/app/services-and-hooks.ts';
import type { MountSpec, VolumeSpec } from '../../model/spec.ts';
import type { DesiredApp, DesiredVolume } from '../../model/state.ts';
import type { Around, Ask, ClassesOf, PlacedAsk, SitePlaces } from '../asks.ts';
import { asksOf } from '../asks.ts';
import { leadsAnywhere, normalPath, pathCovers, pathTouches } from '../values/host-path.ts';
import { imageAsks } from './image.ts';

/** A mount, and all around it. */
interface AroundMount extends Around {
  mount: MountSpec;
}

/** The keys of a mount. `Source` looks at all that says how it is mounted. */
const MOUNT = {
  Type: 'structure',
  Source: (source, around) => sourceAsks(source, around),
  Target: 'harmless',
  ReadOnly: 'structure',
  MustExist: 'harmless',
  Propagation: (mode, { mount }) =>
    mode === 'shared' || mode === 'rshared'
      ? [{ rule: 'mountPropagation', value: mode, words: `volumes: propagation ${mode} of ${mount.Source ?? ''}` }]
      : [],
  SELinux: 'structure',
  Recursive: 'structure',
  NoCopy: 'harmless',
  Subpath: 'harmless',
  Labels: 'harmless',
  SizeBytes: 'harmless',
  Mode: 'harmless',
} satisfies ClassesOf<MountSpec, AroundMount>;

export const mountAsks = (mounts: readonly MountSpec[], around: Around): Ask[] =>
  mounts.flatMap((mount) => asksOf<MountSpec, AroundMount>(MOUNT, mount, { ...around, mount }));

function sourceAsks(source: string, around: AroundMount): Ask[] {
  const { mount, app } = around;
  switch (mount.Type) {
    case 'bind':
      return bindAsks(source, writes(mount), `volumes: ${source} at ${mount.Target}`, around);
    case 'image':
      return imageAsks(source, `volumes: the image ${source} at ${mount.Target}`);
    case 'volume':
      // Each volume of the app is looked at by itself.
      return app.volumes.some(({ spec }) => spec.Name === source)
        ? []
        : [{ rule: 'externalVolumes', value: source, words: `volumes: ${source} at ${mount.Target}` }];
    case 'tmpfs':
      return [];
  }
}

/** The container can change something there. A new SELinux label is a change, and mounts below may stay writable. */
const writes = ({ ReadOnly, SELinux, Recursive }: MountSpec): boolean =>
  !ReadOnly || SELinux !== undefined || Recursive === 'writable';

/** The rules of a path of the host that is bound. */
export function bindAsks(source: string, isWritable: boolean, words: string, { app, places }: Around): Ask[] {
  const path = normalPath(source);
  // The agent wrote it there for this app.
  if (!isWritable && isBelow(path, `${places.secretsDir}/${app.name}`)) return [];
  const asks: Ask[] = [];
  if (!isOwn(path, app, places))
    asks.push({
      rule: 'hostPaths',
      value: isWritable ? path : `${path}:ro`,
      words: `${words}${isWritable ? '' : ' (read-only)'}`,
    });
  const socket = places.sockets.find((each) => pathTouches(normalPath(each), path));
  if (socket !== undefined)
    asks.push({ rule: 'engineSockets', value: '', words: `${words}, which ${relation(socket, path)}` });
  const own = places.own.find((each) => pathTouches(normalPath(each), path));
  if (own !== undefined)
    asks.push({ rule: 'agentFolders', value: '', words: `${words}, which ${relation(own, path)}` });
  const above = writableFolders(app).find((each) => each !== path && pathCovers(each, path));
  if (above !== undefined)
    asks.push({
      rule: 'pathsBelowWritable',
      value: '',
      words: `${words}, below ${above}, which the app's containers write to`,
    });
  return asks;
}

const relation = (known: string, path: string): string =>
  leadsAnywhere(path)
    ? `may lead to ${known}`
    : normalPath(known) === path
      ? 'is that of the engine or agent'
      : `has to do with ${known}`;

const isBelow = (path: string, folder: string): boolean =>
  path !== normalPath(folder) && pathCovers(normalPath(folder), path);

/** The app's own folder, where the agent writes its files. */
const isOwn = (path: string, app: DesiredApp, { filesDir }: SitePlaces): boolean =>
  pathCovers(normalPath(`${filesDir}/${app.name}`), path);

/** Each app is asked for its folders many times. */
const known = new WeakMap<DesiredApp, string[]>();

/** The folders of the host that some container of the app may write to. */
function writableFolders(app: DesiredApp): string[] {
  const found = known.get(app);
  if (found) return found;
  const folders = boundPaths(app).flatMap(({ path, isWritable }) => (isWritable ? [normalPath(path)] : []));
  known.set(app, [...new Set(folders)]);
  return [...new Set(folders)];
}

/** A path of the host in an app, as it is written. */
export interface BoundPath {
  path: string;
  isWritable: boolean;
  /** The part that binds it: `web` or `the volume data`. */
  by: string;
}

/** All paths of the host that an app binds: mounts, and volumes of the local driver that are binds. */
export function boundPaths(app: DesiredApp): BoundPath[] {
  const mounts = servicesAndHooks(app).flatMap(({ name, containers }) =>
    containers.flatMap(({ spec }) => (spec.Mounts ?? []).map((mount) => ({ name, mount }))),
  );
  return [
    ...mounts.flatMap(({ name, mount }): BoundPath[] =>
      mount.Type === 'bind' && mount.Source !== undefined
        ? [{ path: mount.Source, isWritable: writes(mount), by: name }]
        : [],
    ),
    ...app.volumes.flatMap(({ key, spec }): BoundPath[] =>
      isBind(spec)
        ? [{ path: spec.DriverOpts?.device ?? '/', isWritable: !isReadOnly(spec), by: `the volume ${key}` }]
        : [],
    ),
  ];
}

/** Paths in the options of other mounts of the local driver, such as the layers of an overlay. */
export const mountedPaths = ({ volumes }: DesiredApp): BoundPath[] =>
  volumes.flatMap(({ key, spec }) => {
    if (!isLocal(spec.Driver) || isBind(spec)) return [];
    const words = Object.values(spec.DriverOpts ?? {}).flatMap((option) => option.split(/[,:=]/));
    return words
      .map((word) => word.trim())
      .filter((word) => word.startsWith('/'))
      .map((path) => ({ path, isWritable: true, by: `the volume ${key}` }));
  });

/** A volume of the app, and all around it. */
interface AroundVolume extends Around {
  spec: VolumeSpec;
}

const VOLUME = {
  Name: 'structure',
  Driver: (driver) =>
    isLocal(driver) ? [] : [{ rule: 'volumeDrivers', value: driver, words: `volumes: driver ${driver}` }],
  DriverOpts: (options, around) => optionAsks(options, around),
  Labels: 'harmless',
} satisfies ClassesOf<VolumeSpec, AroundVolume>;

/** A volume that is not called APP_KEY may be somebody else's, also where the file does not call it external. */
const isForeign = ({ key, external, spec }: DesiredVolume, { app }: Around): boolean =>
  external || spec.Name !== `${app.name}_${key}`;

interface AroundDeclared extends Around {
  volume: DesiredVolume;
}

const DECLARED = {
  key: (key, { volume, ...around }) => {
    const { Name } = volume.spec;
    const words = `volumes: ${key}, which is the volume ${Name}`;
    return isForeign(volume, around) ? [{ rule: 'externalVolumes', value: Name, words }] : [];
  },
  external: 'structure',
  spec: (spec, around) => asksOf<VolumeSpec, AroundVolume>(VOLUME, spec, { ...around, spec }),
} satisfies ClassesOf<DesiredVolume, AroundDeclared>;

export const volumeAsks = (volume: DesiredVolume, around: Around): PlacedAsk[] =>
  asksOf<DesiredVolume, AroundDeclared>(DECLARED, volume, { ...around, volume }).map((ask) => ({
    ...ask,
    resource: { kind: 'volumes', key: volume.key },
  }));

const isLocal = (driver: string | undefined): boolean => driver === undefined || driver === '' || driver === 'local';

const mountOptions = ({ DriverOpts }: VolumeSpec): string[] =>
  (DriverOpts?.o ?? '').split(',').map((option) => option.trim().toLowerCase());

/** The local driver binds a folder of the host: it takes the type into account only where no option says so. */
const isBind = (spec: VolumeSpec): boolean =>
  isLocal(spec.Driver) && mountOptions(spec).some((option) => option === 'bind' || option === 'rbind');

const isReadOnly = (spec: VolumeSpec): boolean =>
  mountOptions(spec).includes('ro') && !mountOptions(spec).includes('rw');

/** Options of the local driver are those of `mount`. */
function optionAsks(options: Record<string, string>, around: AroundVolume): Ask[] {
  const { spec } = around;
  const { type = '', device = '' } = options;
  if (!isLocal(spec.Driver) || Object.keys(options).length === 0) return [];
  if (isBind(spec)) {
    const propagation = mountOptions(spec).find((option) => option === 'shared' || option === 'rshared');
    return [
      ...bindAsks(device, !isReadOnly(spec), `volumes: ${spec.Name}, bound to ${device}`, around),
      ...(propagation === undefined
        ? []
        : [
            {
              rule: 'mountPropagation' as const,
              value: propagation,
              words: `volumes: propagation ${propagation} of ${spec.Name}`,
            },
          ]),
    ];
  }
  // Only a quota or the like.
  if (type === '' && device === '' && mountOptions(spec).every((option) => option === '')) return [];
  const value = `local:${type.trim()}`;
  return [
    {
      rule: 'volumeDrivers',
      value,
      words: `volumes: ${spec.Name}, a mount of type ${type || 'none'}${device && ` of ${device}`}`,
    },
  ];
}
