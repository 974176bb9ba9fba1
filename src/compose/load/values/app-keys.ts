import { groupKeyPath } from '../../../fleet/keys/recipient-groups.ts';
import type { PlacedApp } from '../../../model/fleet.ts';
import type { GroupKeyFile } from '../../../secrets/group-key.ts';
import type { RepoFiles } from '../files/repo-files.ts';
import type { CompileOptions } from './values.ts';

/** Everything by which an app opens its encrypted files, or leaves them closed. */
export interface AppKeys
  extends Pick<CompileOptions, 'secrets' | 'secretsDir' | 'placeholders' | 'onOutside' | 'onPlaceholder'> {
  app: string;
  /** The key of the app's group for this site. */
  group?: GroupKeyFile | undefined;
}

export const appKeys = (app: PlacedApp, site: string, repo: RepoFiles, options: CompileOptions): AppKeys => ({
  ...options,
  app: app.name,
  group: groupKeyOf(app, site, repo, options),
});

/** The key of the app's group for one site. It is read only if an encrypted file needs it, and a site reads no key of another one. */
function groupKeyOf(
  { recipientGroup: group }: PlacedApp,
  site: string,
  repo: RepoFiles,
  { onAsked }: CompileOptions,
): GroupKeyFile | undefined {
  if (group === undefined) return undefined;
  const path = groupKeyPath(group, site);
  return {
    group,
    path,
    async read() {
      onAsked?.('HOLDFAST_SITE');
      return (await repo.read(path, { file: path, line: 1, column: 1 }))?.content;
    },
  };
}
