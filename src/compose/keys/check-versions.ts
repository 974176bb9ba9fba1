import { newerProblem } from '../../fleet/schema/versions.ts';
import { own } from '../../lib/maps/own.ts';
import { compareVersions, FIRST_VERSION } from '../../lib/version.ts';
import type { EncryptedFile } from '../../model/snapshot.ts';
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

/** The first version that decrypts files. */
const DECRYPTS = '0.2.0';

/** Reports the encrypted files of an app that an agent of the fleet would hand to the containers as they are. */
export function checkEncrypted(files: readonly EncryptedFile[], oldestAgent: string | undefined, report: Report): void {
  const oldest = oldestAgent ?? FIRST_VERSION;
  if (compareVersions(DECRYPTS, oldest) <= 0) return;
  for (const { path, at } of files)
    report.error(
      at,
      `${path} is encrypted, and agents of ${oldest} do not decrypt files`,
      `update all agents to ${DECRYPTS} first, and then write \`oldestAgent: ${DECRYPTS}\` under spec in fleet.yaml`,
    );
}
