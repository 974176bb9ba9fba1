import type { EngineApi } from '../../engine/api.ts';
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

export async function openSiteEngine(site: string, dockerHost: string | undefined): Promise<Engine> {
  return engineOf(await openApi(dockerHost), site);
}

/** An engine that is asked before its site is known. */
export interface EngineAhead extends Disposable {
  use<T>(site: string, use: (engine: Engine) => Promise<T>): Promise<T>;
}

/**
 * Begins to ask the engine what a plan needs, so that it answers while files are read. `site` is the one that was named. Only an engine at a unix socket
 * is asked: the way to another one may ask for a password, for a command that fails before it needs an engine.
 */
export function engineAhead(site: string | undefined, dockerHost: string | undefined): EngineAhead {
  const address = dockerHost || process.env.DOCKER_HOST || 'unix:';
  let api = address.startsWith('unix:') ? openApi(dockerHost, { site }) : undefined;
  // use() tells the error.
  api?.catch(() => undefined);
  return {
    async use(known, use) {
      api ??= openApi(dockerHost);
      return use(await engineOf(await api, known));
    },
    [Symbol.dispose]: () => void api?.then((opened) => opened.close()).catch(() => undefined),
  };
}

async function openApi(dockerHost: string | undefined, early?: { site: string | undefined }): Promise<EngineApi> {
  const { connectionFrom } = await import('../../engine/client/connection.ts');
  const connection = await connectionFrom(process.env, dockerHost);
  const { socketPath } = connection.options;
  const answers =
    early && socketPath !== undefined
      ? (await import('../../engine/client/early-answers.ts')).askEarly(socketPath, early.site)
      : undefined;
  const { dockerApi } = await import('../../engine/client/docker-api.ts');
  return dockerApi(connection, process.env, answers);
}

async function engineOf(api: EngineApi, site: string): Promise<Engine> {
  const { openEngine } = await import('../../engine/open-engine.ts');
  return openEngine(api, { site, clock: systemClock });
}
