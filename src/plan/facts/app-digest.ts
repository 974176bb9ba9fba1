import { createHash } from 'node:crypto';
import type { DesiredApp } from '../../model/state.ts';
import { goalOf } from '../decide/assess.ts';

/** All that an app asks of its site, in one string: a commit that leaves it alone leaves this alone too. */
export function appDigest(app: DesiredApp): string {
  const asked = {
    services: app.services.map(({ name, dependsOn, pullPolicy, containers }) => ({
      name,
      dependsOn,
      pullPolicy,
      containers: containers.map((container) => [container.number, container.name, goalOf(container)]),
    })),
    networks: app.networks,
    volumes: app.volumes,
    ...(app.ignoreDifferences && { ignoreDifferences: app.ignoreDifferences }),
    files: app.files.map(({ path, digest, mode }) => [path, digest, mode]),
  };
  return createHash('sha256').update(JSON.stringify(asked)).digest('hex').slice(0, 16);
}
