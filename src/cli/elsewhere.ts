import { breakApps } from '../model/break-apps.ts';
import type { ActualSite, DesiredSite } from '../model/state.ts';

/** Whether an engine is on another machine, by its address: its containers bind files of that disk, which nobody here can look at. */
export function isElsewhere(dockerHost: string | undefined): boolean {
  const host = dockerHost ?? process.env.DOCKER_HOST ?? '';
  const found = /^(ssh|tcp|https?):\/\/(?:[^@/]*@)?(\[[^\]]*\]|[^:/]*)/.exec(host);
  if (!found) return false;
  const [, scheme, name = ''] = found;
  return scheme === 'ssh' || !/^(localhost|127\.[\d.]+|\[::1\]|)$/.test(name);
}

/** Files of Git as they would be if they were right; the labels of the containers tell whether those were made with them. */
export const filesAsWanted = (site: DesiredSite): ActualSite['files'] =>
  Object.fromEntries(
    site.apps.flatMap(({ files }) => files.map(({ path, digest, mode }) => [path, { digest, mode }] as const)),
  );

/** Apps that bind files of Git are broken: they would be written to the wrong disk. */
export const withoutFiles = (site: DesiredSite): DesiredSite =>
  breakApps(
    site,
    new Map(
      site.apps.flatMap(({ name, files: [file] }) => {
        if (!file) return [];
        const message = `${name} binds files of Git (${file.path}), and the engine is on another machine, whose disk cannot be written to from here`;
        const hint = 'run holdfast apply on that machine, or let its agent do it';
        return [[name, { message, hint, app: name }] as const];
      }),
    ),
  );
