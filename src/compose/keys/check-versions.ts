import { newerProblem } from '../../fleet/versions.ts';
import { own } from '../../lib/own.ts';
import { compareVersions, FIRST_VERSION } from '../../lib/version.ts';
import { entryOf, type MappingNode } from '../../yaml/node.ts';
import type { Report } from '../report.ts';
import { HOLDFAST_KEYS_SINCE } from './service-keys.ts';

/** Reports keys of Holdfast below services that the oldest agent of the fleet does not know. */
export function checkVersions(root: MappingNode, oldestAgent: string | undefined, report: Report): void {
  const services = entryOf(root, 'services')?.value;
  for (const service of services?.kind === 'mapping' ? services.entries : []) {
    const extension = entryOf(service.value, 'x-holdfast')?.value;
    for (const { key, keyAt } of extension?.kind === 'mapping' ? extension.entries : []) {
      const since = own(HOLDFAST_KEYS_SINCE, key);
      if (since === undefined || compareVersions(since, oldestAgent ?? FIRST_VERSION) <= 0) continue;
      const { message, hint } = newerProblem(`x-holdfast.${key}`, since, keyAt, oldestAgent);
      report.error(keyAt, message, hint);
    }
  }
}
