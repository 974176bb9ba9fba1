import { readApp } from '../../compose/compile-app.ts';
import { FILES_DIR } from '../../compose/load/values/values.ts';
import { leavesOf } from '../../explain/leaves.ts';
import { readApplications } from '../../fleet/applications.ts';
import { selects } from '../../fleet/keys/selector.ts';
import { placeSite } from '../../fleet/place-site.ts';
import { readSite, siteNames } from '../../fleet/sites.ts';
import { folderSnapshot } from '../../source/folder-snapshot.ts';
import { entryOf } from '../../yaml/node.ts';
import type { Candidate } from './candidate.ts';

/** The names in a config repo. They are typed into a shell, so only those without its special characters are given. */
export interface RepoNames {
  sites(): Promise<Candidate[]>;
  /** The apps of a site; all apps without one. */
  apps(site: string | undefined): Promise<Candidate[]>;
  /** The services of an app; the fields of a service, once its name and a dot are typed. */
  services(site: string, app: string, typed: string): Promise<Candidate[]>;
}

const SAFE = /^[A-Za-z0-9][A-Za-z0-9._/-]*$/;

const candidates = (words: readonly string[]): Candidate[] =>
  [...new Set(words)].filter((word) => SAFE.test(word)).map((word) => ({ word }));

/** Reads names from a folder. */
export function repoNames(folder: string): RepoNames {
  const open = () => folderSnapshot(folder, {});
  return {
    sites: async () => candidates(await siteNames(await open())),
    async apps(name) {
      const snapshot = await open();
      const site = name === undefined ? undefined : await readSite(snapshot, name);
      const all = await readApplications(snapshot);
      const placed = all.filter((each) => !site || !('app' in each) || selects(each.app.placement, site));
      return candidates(placed.map((each) => each.name));
    },
    async services(site, name, typed) {
      const snapshot = await open();
      const { apps } = await placeSite(snapshot, { site });
      const app = apps.find((each) => each.name === name);
      if (!app) return [];
      const { root } = await readApp(app, site, snapshot, { filesDir: FILES_DIR, placeholders: true });
      const services = entryOf(root, 'services')?.value;
      const entries = services?.kind === 'mapping' ? services.entries : [];
      const begun = entries.find(({ key }) => typed.startsWith(`${key}.`));
      if (begun?.value.kind !== 'mapping') return candidates(entries.map(({ key }) => key));
      const fields = leavesOf(begun.value).map(({ path }) => `${begun.key}.${path.join('.')}`);
      return candidates(fields);
    },
  };
}
