import type { Place } from '../world/monitors.ts';
import type { Random } from '../world/random.ts';
import { change, readable, reordered, withoutSharing } from './authors.ts';
import { acceptedRevision } from './remembered.ts';
import { type AppModel, type RepoModel, render } from './repo-model.ts';
import { isRefused, isUnusable, type Variations, varied } from './variations.ts';
import type { World } from './world.ts';

/** The config repo of a story: what was committed, kept as models, so that the agent is judged without the loader that it uses. */
export interface ConfigRepo {
  /** The newest commit. */
  current(): RepoModel;
  /** The first commit. */
  begin(written: RepoModel): void;
  commit(written: RepoModel): void;
  /** Commits something else than what is there. */
  commitChange(pin?: string): void;
  /** Pins the site to one of the commits before that can be read whole, or to one beside them; moves the name that is pinned; or lifts the pin. */
  repin(): void;
  /** The revision that the site is to read its apps of: what is committed, or what that pins. */
  wanted(): string;
  wantedModel(): RepoModel;
}

export function createConfigRepo(world: World, authors: Random, pins: Random, variations: Variations): ConfigRepo {
  const { sharing, ordering } = variations;
  const { site, engine, source, disk, history } = world;
  const orders = authors.fork('orders');
  const more = authors.fork('variations');
  const changed = (from: RepoModel): RepoModel => varied(more, change(authors, from), variations);
  let repo: RepoModel = { site, apps: [], pin: '' };
  /** The models by commit; those beside the followed history are in `beside`. */
  const models = new Map<string, RepoModel>();
  const beside = new Map<string, RepoModel>();
  const states = new Map<string, Map<string, AppModel>>();
  /** An app as the site may have it: by the last revisions that reached it, and by the one that it accepted, which may be older. */
  const lately = (app: string): (AppModel | undefined)[] => {
    const accepted = acceptedRevision(world, app);
    // While its disk fails, the same one reaches it again and again.
    const last = [...new Set(source.fetched.toReversed())].slice(0, 3);
    return [...new Set([...last, ...(accepted === undefined ? [] : [accepted])])].map((revision) =>
      states.get(revision)?.get(app),
    );
  };
  engine.monitors.hasPreStop = ({ app, service }) =>
    lately(app).every((model) => model?.services.find(({ name }) => name === service)?.hooks);
  engine.monitors.startsFirst = ({ app, service }) => {
    const known = lately(app).map((model) => model?.services.find(({ name }) => name === service)?.startFirst ?? false);
    return !known.includes(true) ? 'none' : known.includes(false) ? 'some' : 'all';
  };
  engine.monitors.follows = () =>
    disk.hasFailed ? undefined : String(disk.peek(`${world.stateDir}/accepted/accepted.json`));
  engine.monitors.wantedImages = (place) => wantedImages(lately(place.app), place);

  const commit = (written: RepoModel): void => {
    const shared = sharing ? written : withoutSharing(written);
    const next = ordering ? reordered(orders, shared) : shared;
    const lastGood = states.get(source.head);
    repo = next;
    const revision = source.commit(render(repo));
    const good = repo.apps.map((app): [string, AppModel] => [
      app.name,
      isUnusable(app) ? (lastGood?.get(app.name) ?? app) : app,
    ]);
    states.set(revision, new Map(good));
    models.set(revision, next);
    history.note(
      `commit ${revision.slice(0, 8)}${repo.pin && ` pins ${repo.pin.slice(0, 8)}`}: ${repo.apps.map((app) => `${app.name}${isUnusable(app) ? ' (broken)' : isRefused(app) ? ' (privileged)' : ''}`).join(', ')}`,
    );
  };

  /** The revision that the site must read its apps of: the newest commit, or the one that it pins. */
  const wanted = (): string => source.pinned(repo.pin) ?? source.head;
  const wantedModel = (): RepoModel => models.get(wanted()) ?? beside.get(wanted()) ?? repo;

  /** Pins the site to one of the commits before that can be read whole, or to one beside them; moves the name that is pinned; or lifts the pin. */
  const repin = (): void => {
    const whole = [...models].filter(([, { apps }]) => !apps.some(isRefused)).map(([oid]) => oid);
    if (whole.length === 0) {
      commit(changed(repo));
      return;
    }
    const target = pins.pick(whole);
    if (repo.pin === '') {
      const how = pins.pick(['id', 'name', 'beside']);
      if (how === 'name') source.names.set('release', target);
      const pin = how === 'name' ? 'release' : how === 'id' ? target : branchOff(target);
      commit({ ...changed(repo), pin });
    } else if (repo.pin === 'release' && pins.chance(0.5)) {
      source.names.set('release', target);
      history.note(`release is ${target.slice(0, 8)} now`);
    } else {
      commit({ ...readable(repo), pin: '' });
    }
  };
  const branchOff = (from: string): string => {
    const next = readable(changed(models.get(from) ?? repo));
    const model = sharing ? next : withoutSharing(next);
    const revision = source.commitBeside(render(model), from);
    beside.set(revision, model);
    states.set(revision, new Map(model.apps.map((app) => [app.name, app])));
    return revision;
  };

  return {
    current: () => repo,
    begin: (written) => commit(varied(more, written, variations)),
    commit,
    commitChange: (pin) => commit({ ...changed(repo), ...(pin !== undefined && { pin }) }),
    repin,
    wanted,
    wantedModel,
  };
}

/**
 * The images that may replace what runs in a place, by any of the last revisions that reached the site; undefined when one of them has
 * no such place, so that it may be pruned.
 */
function wantedImages(apps: readonly (AppModel | undefined)[], place: Place): string[] | undefined {
  const images: string[] = [];
  for (const app of apps) {
    const service = app?.services.find(({ name }) => name === place.service);
    if (!service || place.number > service.replicas) return undefined;
    images.push(service.image);
  }
  return images.length > 0 ? images : undefined;
}
