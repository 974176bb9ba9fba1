import type { ContainerListItem } from '../model/engine-api.ts';
import { readComposed, readDirectory } from '../spec/labels.ts';

/**
 * The folders that the containers of each Compose project were started from, by project: this site's own, and those that it could adopt. More
 * than one means that somebody has to say which counts. What was started on another system, as on Windows, has no folder here.
 */
export function stacksOf(listed: readonly ContainerListItem[], site: string): Record<string, string[]> {
  const found = new Map<string, Set<string>>();
  for (const { Labels } of listed) {
    const composed = readComposed(Labels);
    const own = composed ? { app: composed.project, directory: composed.directory } : readDirectory(Labels, site);
    if (!own?.directory.startsWith('/')) continue;
    found.set(own.app, (found.get(own.app) ?? new Set()).add(own.directory));
  }
  return Object.fromEntries([...found].map(([app, directories]) => [app, [...directories].sort()]));
}
