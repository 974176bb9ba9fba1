import type { EventBody } from '../../container/engine-api.ts';
import { readContainerLabels } from '../../container/labels/labels.ts';
import { own } from '../../lib/own.ts';
import type { Change } from '../engine.ts';
import type { View } from './view.ts';

/** What an event of a container means, in words; what is not here (exec, attach, top, copy …) means nothing to us. */
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

/** Changes what is known about a container without being news: a signal may be caught, a creation is followed by more. */
const SILENT = new Set(['kill', 'create', 'init', 'cleanup', 'restart']);

/** Marks in the view what an event touched; the result says what concerns us, undefined for nothing. */
export function changeOf(event: EventBody, view: View, site: string): Change | undefined {
  const attributes = event.Actor.Attributes ?? {};
  switch (event.Type) {
    case 'container':
      return containerChange(event, attributes, view, site);
    case 'network':
      return networkChange(event, attributes, view, site);
    case 'volume':
      return volumeChange(event, attributes, view, site);
    case 'image':
      return imageChange(event, attributes, view);
    default:
      return undefined;
  }
}

function containerChange(
  { Action, Actor }: EventBody,
  attributes: Record<string, string>,
  view: View,
  site: string,
): Change | undefined {
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
}

function networkChange(
  { Action, Actor }: EventBody,
  attributes: Record<string, string>,
  view: View,
  site: string,
): Change | undefined {
  const known = view.networkById(Actor.ID);
  const name = attributes.name ?? known?.spec.Name ?? Actor.ID.slice(0, 12);
  switch (Action) {
    case 'connect':
    case 'disconnect': {
      // Podman says the container where Docker says the network.
      const container = [attributes.container, Actor.ID].find((id) => id && view.appOfContainer(id) !== undefined);
      if (!container) {
        // A network of ours that is to be made anew waits until strangers have left it.
        if (Action === 'connect' || known?.owner?.site !== site) return undefined;
        return { app: known.owner.app, what: `a container that is not ours was disconnected from ${name}` };
      }
      view.touchContainer(container);
      const app = view.appOfContainer(container);
      return {
        ...(app !== undefined && { app }),
        what: `a container was ${Action}ed ${Action === 'connect' ? 'to' : 'from'} ${name}`,
      };
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
}

function volumeChange(
  { Action, Actor }: EventBody,
  attributes: Record<string, string>,
  view: View,
  site: string,
): Change | undefined {
  // A volume is mounted at every start of a container.
  if (!['create', 'destroy', 'remove', 'prune'].includes(Action)) return undefined;
  const name = Actor.ID || attributes.name || '';
  const owner = view.volumeByName(name)?.owner;
  view.touch('volumes');
  if (Action === 'create' || owner?.site !== site) return undefined;
  return { app: owner.app, what: `volume ${name} was removed` };
}

/** What may give a reference another image, or take it from the disk. */
const IMAGE_ACTIONS = new Set(['delete', 'remove', 'untag', 'tag', 'pull', 'load', 'import', 'build', 'prune']);

function imageChange({ Action, Actor }: EventBody, attributes: Record<string, string>, view: View): Change | undefined {
  if (!IMAGE_ACTIONS.has(Action)) return undefined;
  const names = [Actor.ID, attributes.name].filter((name): name is string => Boolean(name));
  const concerns = names.some((name) => view.usesImage(name));
  view.touch('images');
  return concerns ? { what: `image ${names.at(-1)}: ${Action}` } : undefined;
}
