import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { promisify } from 'node:util';
import { ask, mustAsk } from '../../../scripts/machine/engine-http.ts';
import { plainEnvironment } from '../program/holdfast-process.ts';
import { type ConfigFolder, configFolder } from './config-folder.ts';
import { removeContainer } from './site.ts';

/** A container of a project as the engine tells it. */
export interface ProjectContainer {
  id: string;
  name: string;
  state: string;
  startedAt: string;
  labels: Record<string, string>;
  mounts: { Source: string; Destination: string }[];
}

/** A folder that people run with `docker compose`: a project of its own on a real engine. */
export interface ComposeProject {
  name: string;
  folder: ConfigFolder;
  /** Runs the real Docker Compose in the folder; rejects where it fails. Progress goes to standard error. */
  compose(...args: string[]): Promise<{ stdout: string; stderr: string }>;
  /** By name, those of one-offs and of Holdfast as well. */
  containers(): Promise<ProjectContainer[]>;
  /** The same, told apart by what a restart changes. */
  lives(): Promise<string[]>;
  networkIds(): Promise<Record<string, string>>;
  remove(): Promise<void>;
}

export async function composeProject(
  peer: string,
  host: string,
  files: (name: string) => Record<string, string>,
): Promise<ComposeProject> {
  const name = `beside${randomBytes(4).toString('hex')}`;
  const folder = await configFolder(files(name));
  const filters = encodeURIComponent(JSON.stringify({ label: [`com.docker.compose.project=${name}`] }));
  const list = async <Item>(path: string): Promise<Item[]> => JSON.parse(await mustAsk(host, 'GET', path)) as Item[];
  const networks = () => list<{ Name: string; Id: string }>(`/networks?filters=${filters}`);

  const project: ComposeProject = {
    name,
    folder,
    compose: (...args) =>
      promisify(execFile)(peer, ['-p', name, ...args], {
        cwd: folder.dir,
        // The engine's own builder: the other one is a plugin, and fetches an image to build in.
        env: plainEnvironment({ DOCKER_HOST: host, DOCKER_BUILDKIT: '0' }),
      }),
    async containers() {
      const found = await list<{ Id: string }>(`/containers/json?all=1&filters=${filters}`);
      const inspected = await Promise.all(
        found.map(
          async ({ Id }) =>
            JSON.parse(await mustAsk(host, 'GET', `/containers/${Id}/json`)) as {
              Name: string;
              Config: { Labels: Record<string, string> };
              State: { Status: string; StartedAt: string };
              Mounts: { Source: string; Destination: string }[];
            },
        ),
      );
      return inspected
        .map(({ Name, Config, State, Mounts }, index) => ({
          id: found[index]?.Id ?? '',
          name: Name.slice(1),
          state: State.Status,
          startedAt: State.StartedAt,
          labels: Config.Labels,
          mounts: Mounts,
        }))
        .sort((a, b) => (a.name < b.name ? -1 : 1));
    },
    lives: async () => (await project.containers()).map(({ name: one, id, startedAt }) => `${one} ${id} ${startedAt}`),
    networkIds: async () => Object.fromEntries((await networks()).map(({ Name, Id }) => [Name, Id])),
    async remove() {
      await Promise.all((await project.containers()).map(({ id }) => removeContainer(host, id)));
      for (const { Id } of await networks()) await ask(host, 'DELETE', `/networks/${Id}`);
      const { Volumes } = JSON.parse(await mustAsk(host, 'GET', `/volumes?filters=${filters}`)) as {
        Volumes: { Name: string }[] | null;
      };
      for (const { Name } of Volumes ?? []) await ask(host, 'DELETE', `/volumes/${Name}`);
      await folder.remove();
    },
  };
  return project;
}
