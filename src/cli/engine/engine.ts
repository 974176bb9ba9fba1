import type { Engine } from '../../engine/engine.ts';
import { systemClock } from '../../lib/clock.ts';

/** The engine that the flag, `DOCKER_HOST` or the default socket names, for one site, until `use` is done. */
export async function withEngine<T>(
  site: string,
  dockerHost: string | undefined,
  use: (engine: Engine) => Promise<T>,
): Promise<T> {
  const engine = await openSiteEngine(site, dockerHost);
  try {
    return await use(engine);
  } finally {
    engine.close();
  }
}

/** Loads dockerode, which is the heaviest part of the program, only here. */
export async function openSiteEngine(site: string, dockerHost: string | undefined): Promise<Engine> {
  const { connectionFrom } = await import('../../engine/client/connection.ts');
  const { dockerApi } = await import('../../engine/client/docker-api.ts');
  const { openEngine } = await import('../../engine/open-engine.ts');
  const api = dockerApi(await connectionFrom(process.env, dockerHost), process.env);
  return openEngine(api, { site, clock: systemClock });
}
