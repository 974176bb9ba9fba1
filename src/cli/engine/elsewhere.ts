import { hostname } from 'node:os';
import { breakApps } from '../../model/app/break-apps.ts';
import type { ActualSite, DesiredSite } from '../../model/state.ts';
import { withEngine } from './engine.ts';

/** True for an engine on another machine. Its containers bind files of that machine's disk, which cannot be read from here. */
export async function isElsewhere(dockerHost: string | undefined): Promise<boolean> {
  const where = locationOf(dockerHost ?? process.env.DOCKER_HOST ?? '');
  if (where !== 'loopback') return where === 'elsewhere';
  return isOtherMachine(await withEngine('', dockerHost, async (engine) => (await engine.facts()).machine));
}

/** The machine of an engine, by its address. A port of this machine may be the end of a tunnel. */
export function locationOf(host: string): 'here' | 'loopback' | 'elsewhere' {
  const found = /^(ssh|tcp|https?):\/\/(?:[^@/]*@)?(\[[^\]]*\]|[^:/]*)/.exec(host);
  if (!found) return 'here';
  const [, scheme, name = ''] = found;
  return scheme !== 'ssh' && /^(localhost|127\.[\d.]+|\[::1\]|)$/.test(name) ? 'loopback' : 'elsewhere';
}

/** Docker Desktop runs its engine in a virtual machine that has the files of this machine. */
export const isOtherMachine = (machine: string | undefined): boolean =>
  machine !== undefined && machine !== hostname() && machine !== 'docker-desktop';

/** The files of Git as if all were written. The labels of the containers tell if they were made with these files. */
export const filesAsWanted = (site: DesiredSite): ActualSite['files'] =>
  Object.fromEntries(
    site.apps.flatMap(({ files }) => files.map(({ path, digest, mode }) => [path, { digest, mode }] as const)),
  );

/** The site with every app broken that binds files of Git, since these would be written to the wrong disk. */
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
