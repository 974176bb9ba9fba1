import { planGroup } from '../../../src/recipients/group-plan.ts';
import { sealGroup } from '../../../src/recipients/seal-group.ts';
import { generateIdentity, type Identity } from '../../../src/secrets/crypt/identity.ts';
import { memorySnapshot } from '../../unit/compose/support.ts';
import { sealedFile } from './sealed-file.ts';

/** A fleet whose app `pos` is in the group `shops`, as `holdfast recipients` leaves it. */
export interface GroupFleet {
  files: Record<string, string>;
  person: Identity;
  /** The key of each site, by its name. */
  sites: Map<string, Identity>;
  /** The public key of the group. */
  key(): string;
}

const document = (kind: string, spec: object): string => JSON.stringify({ apiVersion: 'holdfast/v1', kind, spec });

const siteText = ({ recipient }: Identity): string => document('Site', { recipients: [recipient] });

export async function groupFleet(names: readonly string[], plain = 'password: weasel\n'): Promise<GroupFleet> {
  const person = await generateIdentity();
  const sites = new Map<string, Identity>();
  for (const name of names) sites.set(name, await generateIdentity());
  const fleet: GroupFleet = {
    files: {
      'fleet.yaml': document('Fleet', {
        oldestAgent: '0.2.0',
        syncPolicy: {},
        recipients: [person.recipient],
        recipientGroups: { shops: { apps: ['pos'] } },
      }),
      'apps/pos/app.yaml': document('Application', {}),
      'apps/pos/compose.yaml': JSON.stringify({
        services: { web: { image: 'web:1', command: ['serve'], restart: 'unless-stopped', secrets: ['db'] } },
        secrets: { db: { file: './db.yaml' } },
      }),
      ...Object.fromEntries([...sites].map(([name, key]) => [`sites/${name}.yaml`, siteText(key)])),
    },
    person,
    sites,
    key: () => /^key (\S+)$/m.exec(fleet.files['keys/shops.txt'] ?? '')?.[1] ?? '',
  };
  await seal(fleet);
  await encryptFor(fleet, plain);
  return fleet;
}

/** Encrypts the file of the app again, for the current key of the group. */
export async function encryptFor(fleet: GroupFleet, plain: string): Promise<void> {
  const recipients = [fleet.key(), fleet.person.recipient];
  fleet.files['apps/pos/db.yaml'] = await sealedFile('apps/pos/db.yaml', plain, { recipients });
}

export async function removeSite(fleet: GroupFleet, name: string): Promise<void> {
  fleet.sites.delete(name);
  delete fleet.files[`sites/${name}.yaml`];
  await seal(fleet);
}

export async function addSite(fleet: GroupFleet, name: string): Promise<void> {
  const key = await generateIdentity();
  fleet.sites.set(name, key);
  fleet.files[`sites/${name}.yaml`] = siteText(key);
  await seal(fleet);
}

/** The keys of the group as `holdfast recipients` writes them for the person of the fleet; it would read all documents of the fleet first. */
export async function seal({ files, sites, person }: GroupFleet): Promise<void> {
  const snapshot = memorySnapshot(files);
  const keys = new Map([...sites].sort().map(([name, { recipient }]) => [name, [recipient]]));
  const plan = await planGroup(snapshot, 'shops', keys, [person.recipient], false);
  const { keyFiles, record } = await sealGroup(snapshot, plan, [person], () => true);
  for (const path of plan.remove) delete files[path];
  Object.assign(files, Object.fromEntries([...keyFiles, record]));
}
