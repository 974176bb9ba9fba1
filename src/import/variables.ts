import type { Project } from '../compose/keys/project.ts';
import { own } from '../lib/maps/own.ts';
import type { SourceFile } from '../model/snapshot.ts';

/** `$NAME`, `${NAME}` and `${NAME?…}` need a value. Two dollars are one dollar of the text. */
const NEEDED = /\$\$|\$([A-Za-z_]\w*)|\$\{([A-Za-z_]\w*)(?=\}|:?\?)/g;
const BUILT_IN = new Set(['COMPOSE_PROJECT_NAME', 'HOLDFAST_SITE', 'HOLDFAST_APP']);

/**
 * The variables that Compose files need, also for the content of configs and secrets, and that `.env` does not set; HOME as well, if a path begins with
 * `~`. `docker compose` took them from its environment, or as empty. Sorted.
 */
export function unsetVariables(files: Record<string, SourceFile>, project?: Project): string[] {
  const textOf = (path: string): string => new TextDecoder().decode(own(files, path)?.content);
  const set = new Set(
    [...textOf('.env').matchAll(/^[ \t]*(?:export[ \t]+)?([A-Za-z_]\w*)[ \t]*[=:]/gm)].map(([, name]) => name),
  );
  const needed = Object.keys(files)
    .filter((path) => /\.ya?ml$/.test(path))
    .flatMap((path) => [...withoutComments(textOf(path)).matchAll(NEEDED)].map(([, plain, braced]) => plain ?? braced));
  const sections = project ? [project.configs, project.secrets] : [];
  for (const section of sections) for (const { keys } of section.values()) needed.push(keys.environment);
  const names = needed.filter((name) => name !== undefined && !set.has(name) && !BUILT_IN.has(name));
  return [...new Set([...(names as string[]), ...(project && needsHome(project) ? ['HOME'] : [])])].sort();
}

function needsHome({ services, configs, secrets }: Project): boolean {
  const sources = [...services.values()].flatMap(({ keys }) => keys.volumes ?? []).map(({ Source }) => Source);
  const files = [...configs.values(), ...secrets.values()].map(({ keys }) => keys.file);
  return [...sources, ...files].some((path) => path?.startsWith('~'));
}

const withoutComments = (text: string): string => text.replaceAll(/^[ \t]*#.*$/gm, '');
