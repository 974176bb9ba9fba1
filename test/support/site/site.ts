import { ask, mustAsk } from '../../../scripts/machine/engine-http.ts';

/** A container of a site as the engine itself tells it, without a line of Holdfast's own code in between. */
export interface Running {
  id: string;
  name: string;
  app: string;
  service: string;
  image: string;
  state: string;
  /** `none` where it has no health check. */
  health: string;
  /** The engine's clock, RFC 3339. */
  startedAt: string;
}

interface Inspected {
  Id: string;
  Name: string;
  Config: { Image: string; Labels: Record<string, string> };
  State: { Status: string; StartedAt: string; Health?: { Status: string } };
}

/** A site by its name, or one app of any site. */
export type Whose = string | { app: string };

function labelled(whose: Whose): string {
  const label = typeof whose === 'string' ? `dev.holdfast.site=${whose}` : `dev.holdfast.app=${whose.app}`;
  return encodeURIComponent(JSON.stringify({ label: [label] }));
}

/** Every container with the label, whatever its state, by name. */
export async function containersOf(host: string, whose: Whose): Promise<Running[]> {
  const list = JSON.parse(await mustAsk(host, 'GET', `/containers/json?all=1&filters=${labelled(whose)}`)) as {
    Id: string;
  }[];
  const found = await Promise.all(list.map(({ Id }) => ask(host, 'GET', `/containers/${Id}/json`)));
  return found
    .filter(({ status }) => status === 200)
    .map(({ text }) => running(JSON.parse(text) as Inspected))
    .sort((a, b) => (a.name < b.name ? -1 : 1));
}

const running = ({ Id, Name, Config, State }: Inspected): Running => ({
  id: Id,
  name: Name.replace(/^\//, ''),
  app: Config.Labels['dev.holdfast.app'] ?? '',
  service: Config.Labels['dev.holdfast.service'] ?? '',
  image: Config.Image,
  state: State.Status,
  health: State.Health?.Status || 'none',
  startedAt: State.StartedAt,
});

/** Names of the networks and of the volumes with the label. */
export async function networksOf(host: string, whose: Whose): Promise<string[]> {
  const found = JSON.parse(await mustAsk(host, 'GET', `/networks?filters=${labelled(whose)}`)) as { Name: string }[];
  return found.map(({ Name }) => Name).sort();
}

export async function volumesOf(host: string, whose: Whose): Promise<string[]> {
  const { Volumes } = JSON.parse(await mustAsk(host, 'GET', `/volumes?filters=${labelled(whose)}`)) as {
    Volumes: { Name: string }[] | null;
  };
  return (Volumes ?? []).map(({ Name }) => Name).sort();
}

/** As `docker kill` and `docker rm -f` by hand. */
export const killByHand = (host: string, name: string): Promise<string> =>
  mustAsk(host, 'POST', `/containers/${name}/kill`);
export const removeByHand = (host: string, name: string): Promise<string> =>
  mustAsk(host, 'DELETE', `/containers/${name}?force=1`);

/** Runs a command in a container and gives what it printed. */
export async function execIn(host: string, container: string, command: string[]): Promise<string> {
  const made = JSON.parse(
    await mustAsk(host, 'POST', `/containers/${container}/exec`, {
      body: { Cmd: command, AttachStdout: true, AttachStderr: true, Tty: true },
    }),
  ) as { Id: string };
  return mustAsk(host, 'POST', `/exec/${made.Id}/start`, { body: { Detach: false, Tty: true } });
}

/** Killed first: Podman gives what it removes by force all of its stop period. */
export async function removeContainer(host: string, container: string): Promise<void> {
  await ask(host, 'POST', `/containers/${container}/kill`);
  await ask(host, 'DELETE', `/containers/${container}?force=1&v=1`);
}

/**
 * Removes all that carries the label: containers, networks, volumes. Nothing else is touched. One container at a time: Docker 20.10 can lock itself up
 * for good when many on one network end in the same moment.
 */
export async function removeSite(host: string, whose: Whose): Promise<void> {
  for (const { id } of await containersOf(host, whose)) await removeContainer(host, id);
  for (const name of await networksOf(host, whose)) await ask(host, 'DELETE', `/networks/${encodeURIComponent(name)}`);
  for (const name of await volumesOf(host, whose)) await ask(host, 'DELETE', `/volumes/${encodeURIComponent(name)}`);
}

export const removeApp = (host: string, app: string): Promise<void> => removeSite(host, { app });
