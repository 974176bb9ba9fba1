import { afterEach, beforeAll, describe, jest, test } from '@jest/globals';
import { ask, mustAsk } from '../../../scripts/machine/engine-http.ts';
import { ENGINES } from '../../support/engine/engine-under-test.ts';
import { IMAGE, importChaosImages } from '../../support/site/chaos-site.ts';
import { type KeptSite, keptSite } from '../../support/site/kept-site.ts';

import { CONTAINER_ROWS } from './container-rows.ts';
import { FILE_ROWS } from './file-rows.ts';
import { NETWORK_ROWS } from './network-rows.ts';
import { type Engine, REPOSITORY, type Row, TAG } from './row.ts';

// In each row, somebody does what `docker compose up -d` leaves as it is, and Holdfast makes it good.
jest.setTimeout(180_000);

/** The service that a row looks at beforehand: web, where it runs from the beginning. */
const existing = (compose: object): string =>
  (compose as { services: { web: { scale?: number } } }).services.web.scale === 0 ? 'peer' : 'web';

/** Declares the drill on one engine; each has a file of its own, so that they run side by side. */
export function driftDrill(
  name: keyof typeof ENGINES,
  rows: readonly Row[] = [...CONTAINER_ROWS, ...NETWORK_ROWS, ...FILE_ROWS],
): void {
  const host = ENGINES[name];
  (host ? describe : describe.skip)(`drift on ${name}`, () => {
    let site: KeptSite;
    const by: Engine = {
      post: (path, body) => mustAsk(host ?? '', 'POST', path, body ? { body } : {}),
      remove: (path) => mustAsk(host ?? '', 'DELETE', path),
    };

    beforeAll(() => importChaosImages(host ?? ''));
    afterEach(async () => {
      await site?.close();
      await ask(host ?? '', 'DELETE', `/images/${TAG}`);
    });

    for (const { row, compose, spec, files, tagged, except, drift, mended } of rows) {
      if (except?.[name] !== undefined) continue;
      test(row, async () => {
        site = await keptSite(host ?? '');
        if (tagged) await by.post(`/images/${IMAGE}/tag?repo=${REPOSITORY}&tag=1`);
        await site.commit(compose, { ...(spec && { spec }), ...(files && { files }) });
        const before = await site.inspect(existing(compose));
        await drift(site, by);
        await site.converges();
        await mended(site, before);
      });
    }
  });
}
