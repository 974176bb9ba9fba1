import { createServer } from 'node:net';
import { mustAsk } from '../scripts/machine/engine-http.ts';
import { freePort } from '../test/support/net/registry.ts';

/** `shop`, or `shop2` and so on if other containers or networks use that name. */
export async function freeApp(host: string): Promise<string> {
  const containers = JSON.parse(await mustAsk(host, 'GET', '/containers/json?all=1')) as { Names: string[] | null }[];
  const networks = JSON.parse(await mustAsk(host, 'GET', '/networks')) as { Name: string }[];
  const { Volumes } = JSON.parse(await mustAsk(host, 'GET', '/volumes')) as { Volumes: { Name: string }[] | null };
  const taken = [
    ...containers.flatMap(({ Names }) => Names ?? []).map((name) => name.replace(/^\//, '')),
    ...[...networks, ...(Volumes ?? [])].map(({ Name }) => Name),
  ];
  for (let number = 1; ; number += 1) {
    const app = number === 1 ? 'shop' : `shop${number}`;
    if (!taken.some((name) => name.startsWith(`${app}-`) || name.startsWith(`${app}_`))) return app;
  }
}

/** Port 8080 if it is free, because people know it, and another free port. */
export async function freePorts(): Promise<{ port: number; gitPort: number }> {
  return { port: (await isFree(8080)) ? 8080 : await freePort(), gitPort: await freePort() };
}

const isFree = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen(port, () => server.close(() => resolve(true)));
  });
