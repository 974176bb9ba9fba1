import { ask, mustAsk } from '../../scripts/machine/engine-http.ts';

/** Removals at once: many at once have left a network of Docker 20.10 with endpoints that never went. */
const PARALLEL = 4;

export const removeSite = (host: string, site: string): Promise<void> =>
  removeLabelled(host, `dev.holdfast.site=${site}`);

export const removeProject = (host: string, name: string): Promise<void> =>
  removeLabelled(host, `com.docker.compose.project=${name}`);

/** Removes the containers and networks that carry a label. Nothing else is touched. */
async function removeLabelled(host: string, label: string): Promise<void> {
  const filters = encodeURIComponent(JSON.stringify({ label: [label] }));
  const containers = await listed(host, `/containers/json?all=1&filters=${filters}`);
  const removers = Array.from({ length: PARALLEL }, async () => {
    for (let next = containers.pop(); next; next = containers.pop()) {
      await ask(host, 'DELETE', `/containers/${next}?force=1&v=1`);
    }
  });
  await Promise.all(removers);
  for (const id of await listed(host, `/networks?filters=${filters}`)) await mustAsk(host, 'DELETE', `/networks/${id}`);
}

async function listed(host: string, path: string): Promise<string[]> {
  return (JSON.parse(await mustAsk(host, 'GET', path)) as { Id: string }[]).map(({ Id }) => Id);
}

/** The number of running containers with the site's label. */
export async function countRunning(host: string, site: string): Promise<number> {
  const filters = encodeURIComponent(JSON.stringify({ label: [`dev.holdfast.site=${site}`], status: ['running'] }));
  return (await listed(host, `/containers/json?filters=${filters}`)).length;
}
