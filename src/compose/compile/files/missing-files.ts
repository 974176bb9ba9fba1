import type { Position, Problem } from '../../../lib/errors.ts';
import { entryOf } from '../../../yaml/node.ts';
import type { FileUse } from '../../keys/host/mounted-files.ts';
import type { Declared, Project } from '../../keys/project.ts';
import type { FileKeys } from '../../keys/resources.ts';
import type { AppFolder } from '../../load/files/app-folder.ts';
import { asWritten, nearest } from '../../load/files/nearest.ts';
import type { RepoFiles } from '../../load/files/repo-files.ts';
import type { EncryptedFiles } from './encrypted-files.ts';

/** The number of warnings. Nobody reads more, and each one searches similar names in Git. */
const MOST_PATHS = 50;

/** A path of the repo that a service binds although Git has nothing there. */
interface AbsentPath {
  path: string;
  /** The path in the container. */
  target: string;
  /** The engine creates a folder when the host has nothing there. */
  makesFolder: boolean;
  at: Position;
}

/** Endings of files that folders rarely have. Host names, `conf.d` and sockets do not match. */
const FILE =
  /[^/]\.(?:acl|bash|cer|cfg|cnf|conf|config|crt|css|csv|db|env|hcl|html?|ini|ico|jar|js|json5?|key|list|log|lua|md|mjs|pem|php|png|properties|pub|py|rb|rules|sh|sql|sqlite3?|svg|template|tf|tmpl|toml|tpl|ts|txt|vcl|war|xml|ya?ml)$/i;

/**
 * Warns about binds that look like mistakes: the name of a file that Git does not have, and a name that is similar to an unbound file or folder
 * in Git. A folder for data is neither.
 */
export async function missingFiles(
  project: Project,
  { folder, encrypted, repo }: { folder: AppFolder; encrypted: EncryptedFiles; repo: RepoFiles },
  from: string,
): Promise<Problem[]> {
  const bound = new Set<string>();
  const absent = new Map<string, AbsentPath>();
  for (const { source, isSecret, ...use } of boundPaths(project)) {
    if (isSecret && encrypted.has(source)) continue;
    const { repo: found } = await folder.locate(source, use.at);
    if (found?.isThere) bound.add(found.path);
    else if (found && !absent.has(found.path)) absent.set(found.path, { path: found.path, ...use });
  }
  const problems: Problem[] = [];
  for (const each of [...absent.values()].slice(0, MOST_PATHS)) {
    const near = await nearest(each.path, repo, each.at, (path) => !bound.has(path));
    const isFile = FILE.test(each.path) || FILE.test(each.target);
    if (near === undefined && !(isFile && each.makesFolder)) continue;
    const then = each.makesFolder
      ? '; if the site does not have it either, the engine creates an empty folder there'
      : '';
    problems.push({
      message: `Git has no ${each.path}${then}`,
      hint:
        near === undefined
          ? 'add the file to Git, or put it on the site before the service starts'
          : `did you mean ${asWritten(near, from)}?`,
      at: each.at,
    });
  }
  return problems;
}

/** Everything that services bind: mounts, and files of configs and secrets. */
function boundPaths({
  services,
  configs,
  secrets,
}: Project): (Omit<AbsentPath, 'path'> & { source: string; isSecret?: true })[] {
  const files = (uses: readonly FileUse[] = [], declared: Map<string, Declared<FileKeys>>) =>
    uses.flatMap(({ source, target }) => {
      const found = declared.get(source);
      const file = found?.keys.file;
      if (!found || file === undefined) return [];
      const at = entryOf(found.node, 'file')?.value.at ?? found.at;
      return [{ source: file, target, makesFolder: false, at, isSecret: true as const }];
    });
  return [...services.values()].flatMap(({ keys }) => [
    ...(keys.volumes ?? []).flatMap(({ Type, Source, Target, MustExist, at }) =>
      Type === 'bind' && Source !== undefined ? [{ source: Source, target: Target, makesFolder: !MustExist, at }] : [],
    ),
    ...files(keys.configs, configs),
    ...files(keys.secrets, secrets),
  ]);
}
