import { imagesOf } from '../container/fields/mounts.ts';
import type { Clock } from '../lib/clock.ts';
import { servicesAndHooks } from '../model/app/services-and-hooks.ts';
import type { Memory } from '../model/memory.ts';
import type { ActualSite, DesiredSite } from '../model/state.ts';
import { adopting } from '../plan/memory/adopted.ts';
import type { Effects } from './effects.ts';
import type { AskedFile, HostFiles } from './host-files.ts';

/** Looks at everything on a site that a plan for `desired` depends on: containers, images, files of Git, and the time. Throws EngineError. */
export async function observeSite(
  desired: DesiredSite,
  memory: Memory,
  { engine, files }: Pick<Effects, 'engine'> & { files: Pick<HostFiles, 'observe'> },
  clock: Pick<Clock, 'wall'>,
): Promise<ActualSite> {
  const actual = await engine.observe({ images: imagesIn(desired), adopt: adopting(desired, memory) });
  const found = await files.observe(filesToAskFor(desired, memory));
  return { ...actual, files: found, at: clock.wall().toISOString() };
}

const imagesIn = ({ apps }: DesiredSite): string[] => {
  const containers = apps.flatMap((app) => servicesAndHooks(app).flatMap((service) => service.containers));
  return [...new Set(containers.flatMap(({ spec }) => imagesOf(spec)))];
};

/** The files that Git has now, by their size, and those that were written before. */
function filesToAskFor({ apps }: DesiredSite, memory: Memory): AskedFile[] {
  const asked = new Map<string, AskedFile>();
  for (const written of Object.values(memory.files)) for (const path of Object.keys(written)) asked.set(path, { path });
  for (const app of apps) for (const { path, content } of app.files) asked.set(path, { path, size: content.length });
  return [...asked.values()];
}
