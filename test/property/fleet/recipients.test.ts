import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { groupKeyPath } from '../../../src/fleet/keys/recipient-groups.ts';
import { isIdle } from '../../../src/recipients/group-plan.ts';
import { planRecipients, sealRecipients } from '../../../src/recipients/plan-recipients.ts';
import { generateIdentity, type Identity } from '../../../src/secrets/crypt/identity.ts';
import { openGroupKey } from '../../../src/secrets/group-key.ts';
import { siteSecrets } from '../../../src/secrets/site-secrets.ts';
import { parseSops, type SopsFile } from '../../../src/secrets/sops-file.ts';
import { sealedFile } from '../../support/secrets/sealed-file.ts';
import { memorySnapshot } from '../../unit/compose/support.ts';

const SITES = ['eu/a', 'eu/b', 'us/c', 'd'];
const DB = 'apps/pos/db.yaml';
const identities = await Promise.all(Array.from({ length: 12 }, generateIdentity));
const identity = (index: number): Identity => identities[index] as Identity;

/** A change of a fleet by people. `rekey` gives a site another key. */
const change = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.record({ kind: fc.constantFrom('come', 'leave', 'place', 'displace', 'rekey'), site: fc.nat(3) }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constantFrom('swap people', 'renew', 'encrypt'), site: fc.constant(0) }),
  },
);

const document = (kind: string, spec: object): string => JSON.stringify({ apiVersion: 'holdfast/v1', kind, spec });

class Repo {
  files: Record<string, string> = {};
  private readonly keys = new Map(SITES.map((name, index) => [name, index]));
  private readonly placed = new Set(SITES.slice(0, 3));
  private people = 10;
  /** All private keys that ever opened a version of the group's key, by its public key. */
  private readonly known = new Map<string, Set<string>>();

  private documents(): void {
    for (const name of SITES) {
      const key = this.keys.get(name);
      delete this.files[`sites/${name}.yaml`];
      if (key !== undefined)
        this.files[`sites/${name}.yaml`] = document('Site', { recipients: [identity(key).recipient] });
    }
    this.files['fleet.yaml'] = document('Fleet', {
      recipients: [identity(this.people).recipient],
      recipientGroups: { shops: { apps: ['pos'] } },
    });
    this.files['apps/pos/app.yaml'] = document('Application', { placement: { sites: [...this.placed] } });
  }

  async change(kind: string, index: number): Promise<void> {
    const site = SITES[index] ?? '';
    const renew = kind === 'renew' ? ['shops'] : [];
    const opens = [identity(this.people)];
    if (kind === 'come' || (kind === 'rekey' && this.keys.has(site)))
      this.keys.set(site, ((this.keys.get(site) ?? index - 4) + 4) % 8);
    if (kind === 'leave') this.keys.delete(site);
    if (kind === 'place') this.placed.add(site);
    if (kind === 'displace') this.placed.delete(site);
    if (kind === 'swap people') this.people = this.people === 10 ? 11 : 10;
    if (kind === 'encrypt') await this.encrypt();
    this.documents();
    await this.recipients(renew, opens);
  }

  private async recipients(renew: string[], own: readonly Identity[]): Promise<void> {
    const snapshot = memorySnapshot(this.files);
    const result = await sealRecipients(snapshot, await planRecipients(snapshot, renew), own);
    for (const path of result.remove) delete this.files[path];
    Object.assign(this.files, Object.fromEntries([...result.keyFiles, ...result.records]));
    this.files['.sops.yaml'] = result.rules;
  }

  private current = (): string | undefined => /^key (\S+)$/m.exec(this.files['keys/shops.txt'] ?? '')?.[1];

  private async encrypt(): Promise<void> {
    const recipients = this.files['.sops.yaml']?.match(/age1\w+/g) ?? [];
    if (recipients.length > 0) this.files[DB] = await sealedFile(DB, 'password: weasel\n', { recipients });
  }

  private async open(path: string, key: Identity): Promise<Identity[] | undefined> {
    const content = this.files[path];
    if (content === undefined) return undefined;
    return openGroupKey({ group: 'shops', path }, Buffer.from(content), [key]).catch(() => undefined);
  }

  async check(): Promise<void> {
    const current = this.current();
    const members = new Map(
      SITES.flatMap((site) => {
        const key = this.keys.get(site);
        return key !== undefined && this.placed.has(site) ? [[site, identity(key)]] : [];
      }),
    );
    const keyFiles = Object.keys(this.files).filter((path) => path.startsWith('keys/shops/'));
    expect(keyFiles.sort()).toEqual(
      current ? [...members.keys()].map((site) => groupKeyPath('shops', site)).sort() : [],
    );
    for (const path of [...keyFiles, 'keys/shops.age']) {
      const openers = await Promise.all(identities.map((key) => this.open(path, key)));
      for (const [index, found] of openers.entries())
        for (const { recipient } of found ?? []) {
          const who = index >= 10 ? `person ${index}` : path.slice('keys/shops/'.length, -'.age'.length);
          this.known.set(recipient, (this.known.get(recipient) ?? new Set()).add(who));
        }
      // One key opens a file.
      expect(openers.filter((found) => found)).toHaveLength(current ? 1 : 0);
    }
    // Nobody else ever had the current key.
    if (current)
      expect([...(this.known.get(current) ?? [])].sort()).toEqual([...members.keys(), `person ${this.people}`].sort());
    const text = this.files[DB];
    for (const [site, key] of text === undefined ? [] : members) {
      const path = groupKeyPath('shops', site);
      const group = { group: 'shops', path, read: async () => Buffer.from(this.files[path] ?? '') };
      const secrets = siteSecrets({ site: [key], apps: new Map() }, Buffer.alloc(32));
      await secrets.open('pos', parseSops(Buffer.from(text ?? ''), DB) as SopsFile, group);
    }
    const snapshot = memorySnapshot(this.files);
    expect((await planRecipients(snapshot, [])).groups.every(isIdle)).toBe(true);
  }
}

test('after any changes, each site of a group has its key, and nobody else ever had the current one', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(change, { minLength: 1, maxLength: 12 }), async (changes) => {
      const repo = new Repo();
      for (const { kind, site } of changes) {
        await repo.change(kind, site);
        await repo.check();
      }
    }),
    { numRuns: 30 },
  );
}, 120_000);
