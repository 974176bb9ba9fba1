import type { EventBody } from '../../container/engine-api.ts';
import { readContainerLabels } from '../../container/labels/labels.ts';
import { own } from '../../lib/maps/own.ts';
import type { Change } from '../engine.ts';
import type { View } from './view.ts';

/** Events of containers, in words. Other events (exec, attach, top, copy …) do not matter to us. */
const CONTAINER_WORDS: Record<string, string> = {
  start: 'started',
  die: 'died',
  died: 'died',
  stop: 'was stopped',
  kill: 'got a signal',
  oom: 'ran out of memory',
  destroy: 'was removed',
  remove: 'was removed',
  rename: 'was renamed',
  update: 'was updated',
  pause: 'was paused',
  unpause: 'was unpaused',
  restart: 'was restarted',
  health_status: 'is',
};

/** Events after which a container is inspected again, and nothing more: a process may catch a signal, and more events follow a creation. */
const SILENT = new Set(['kill', 'create', 'init', 'cleanup', 'restart']);

/** Marks in the view the things that an event touched. The result is the change that concerns us; undefined if there is none. */
export const changeOf = (event: EventBody, view: View, site: string): Change | undefined =>
  own(READERS, event.Type)?.(event, view, site);

type Reader = (event: EventBody, view: View, site: string) => Change | undefined;

const containerChange: Reader = ({ Action, Actor }, view, site) => {
  const attributes = Actor.Attributes ?? {};
  const [action = '', detail] = Action.split(':', 2).map((word) => word.trim());
  const word = own(CONTAINER_WORDS, action);
  if (!word && !SILENT.has(action)) return undefined;
  const labels = readContainerLabels(attributes, site, view.adopting());
  const app = (typeof labels === 'object' ? labels.identity.app : undefined) ?? view.appOfContainer(Actor.ID);
  if (app === undefined) return undefined;
  view.touchContainer(Actor.ID);
  if (SILENT.has(action)) return undefined;
  const name = attributes.name ?? Actor.ID.slice(0, 12);
  const more = action === 'die' || action === 'died' ? ` (exit code ${attributes.exitCode ?? '?'})` : '';
  return { app, what: action === 'health_status' ? `${name} is ${detail ?? 'checked'}` : `${name} ${word}${more}` };
};

const networkChange: Reader = ({ Action, Actor }, view, site) => {
  const attributes = Actor.Attributes ?? {};
  const known = view.networkById(Actor.ID);
  const name = attributes.name ?? known?.spec.Name ?? Actor.ID.slice(0, 12);
  switch (Action) {
    case 'connect':
    case 'disconnect': {
      // Podman names the container, Docker the network.
      const container = [attributes.container, Actor.ID].find((id) => id && view.appOfContainer(id) !== undefined);
      if (!container) {
        // Before we can create a network of ours again, containers that are not ours must leave it.
        if (Action === 'connect' || known?.owner?.site !== site) return undefined;
        return { app: known.owner.app, what: `a container that is not ours was disconnected from ${name}` };
      }
      view.touchContainer(container);
      const app = view.appOfContainer(container);
      return { app, what: `a container was ${Action}ed ${Action === 'connect' ? 'to' : 'from'} ${name}` };
    }
    case 'create':
    case 'update':
      view.touch('networks');
      return undefined;
    case 'destroy':
    case 'remove': {
      view.touch('networks');
      const owner = known?.owner;
      return owner?.site === site
        ? { app: owner.app, what: `network ${name} was removed` }
        : { what: `network ${name} was removed` };
    }
    default:
      return undefined;
  }
};

const volumeChange: Reader = ({ Action, Actor }, view, site) => {
  // Mounts are left out: each start of a container has one.
  if (!['create', 'destroy', 'remove', 'prune'].includes(Action)) return undefined;
  const name = Actor.ID || Actor.Attributes?.name || '';
  const owner = view.volumeByName(name)?.owner;
  view.touch('volumes');
  if (Action === 'create' || owner?.site !== site) return undefined;
  return { app: owner.app, what: `volume ${name} was removed` };
};

/** Actions after which a reference may mean another image, or none. */
const IMAGE_ACTIONS = new Set(['delete', 'remove', 'untag', 'tag', 'pull', 'load', 'import', 'build', 'prune']);

const imageChange: Reader = ({ Action, Actor }, view) => {
  if (!IMAGE_ACTIONS.has(Action)) return undefined;
  const names = [Actor.ID, Actor.Attributes?.name].filter((name): name is string => Boolean(name));
  const concerns = names.some((name) => view.usesImage(name));
  view.touch('images');
  return concerns ? { what: `image ${names.at(-1)}: ${Action}` } : undefined;
};

const READERS: Record<string, Reader> = {
  container: containerChange,
  network: networkChange,
  volume: volumeChange,
  image: imageChange,
};
