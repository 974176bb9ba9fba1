import { randomBytes } from 'node:crypto';
import { afterEach, beforeAll, describe } from '@jest/globals';
import { holdfast, type Ran } from '../../support/program/holdfast-process.ts';
import { IMAGE, importChaosImages } from '../../support/site/chaos-site.ts';
import { type ConfigFolder, configFolder } from '../../support/site/config-folder.ts';
import { containersOf, removeApp } from '../../support/site/site.ts';

// The work of a person at a laptop.
export const host = process.env.HOLDFAST_TEST_DOCKER ?? '';

/** A lone Compose file: two services, one after the other, a network and a volume. */
export const compose = (app: string, { memory = '64m', image = IMAGE } = {}): string => `name: ${app}
services:
  db:
    image: ${image}
    mem_limit: ${memory}
    volumes: [data:/data]
  web:
    image: ${IMAGE}
    depends_on: [db]
volumes:
  data: {}
`;

/** A fleet of one site; apps by their Compose text. */
export const fleet = (site: string, contents: Record<string, string>): Record<string, string> => ({
  'fleet.yaml': 'apiVersion: holdfast/v1\nkind: Fleet\nmetadata: { name: cli }\nspec: {}\n',
  [`sites/${site}.yaml`]: 'apiVersion: holdfast/v1\nkind: Site\nspec: {}\n',
  ...Object.fromEntries(
    Object.entries(contents).flatMap(([app, text]) => [
      [`apps/${app}/app.yaml`, 'apiVersion: holdfast/v1\nkind: Application\nspec: {}\n'],
      [`apps/${app}/compose.yaml`, text],
    ]),
  ),
});

export const one = (command = '[stay]'): string => `services:\n  web:\n    image: ${IMAGE}\n    command: ${command}\n`;

/** Folders and apps of one test file; each test's are removed when it ends. */
export interface Laptop {
  /** A name that is unique on the engine, since containers are named by it. */
  uniqueApp(): string;
  folderWith(files: Record<string, string>): Promise<ConfigFolder>;
}

export function laptop(): Laptop {
  const apps: string[] = [];
  const folders: ConfigFolder[] = [];
  afterEach(async () => {
    for (const app of apps.splice(0)) await removeApp(host, app);
    for (const folder of folders.splice(0)) await folder.remove();
  });
  return {
    uniqueApp() {
      const app = `cli-${randomBytes(4).toString('hex')}`;
      apps.push(app);
      return app;
    },
    async folderWith(files) {
      const folder = await configFolder(files);
      folders.push(folder);
      return folder;
    },
  };
}

/** The tests on the engine that was lent. */
export function atLaptop(what: string, tests: () => void): void {
  (host ? describe : describe.skip)(`at a laptop, on a real engine: ${what}`, () => {
    beforeAll(() => importChaosImages(host));
    tests();
  });
}

export const run = (folder: ConfigFolder, ...args: string[]): Promise<Ran> =>
  holdfast(args, { env: { DOCKER_HOST: host }, cwd: folder.dir });

export const statesOf = async (app: string): Promise<string[]> =>
  (await containersOf(host, { app })).map(({ name, state }) => `${name.slice(app.length + 1)} ${state}`);
