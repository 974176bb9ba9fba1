import { expect, test } from '@jest/globals';
import { SECRETS_DIR } from '../../src/compose/load/values/values.ts';
import { generateIdentity } from '../../src/secrets/crypt/identity.ts';
import { type DecryptedSops, decryptSops } from '../../src/secrets/decrypt-sops.ts';
import { encryptedDigest } from '../../src/secrets/equal-encrypted.ts';
import { type SiteSecrets, siteSecrets } from '../../src/secrets/site-secrets.ts';
import { parseSops, type SopsFile } from '../../src/secrets/sops-file.ts';
import { sealedFile } from '../support/secrets/sealed-file.ts';
import { filesOn } from '../support/site/disk-files.ts';
import { document, wholeAgent } from './run/whole-agent.ts';
import { restartEngine } from './world/engine/restart.ts';

const MINUTE = 60_000;
const PATH = `${SECRETS_DIR}/shop/secret-db`;
const key = await generateIdentity();
const sealed = (password: string): Promise<string> =>
  sealedFile('db.yaml', `password: ${password}\n`, { recipients: [key.recipient] });
const [FIRST, AGAIN, OTHER] = [await sealed('weasel-1'), await sealed('weasel-1'), await sealed('marten-2')];

// Deciphering takes real time, which a virtual clock does not wait for: it is done before.
const opened = new Map(
  await Promise.all(
    [FIRST, AGAIN, OTHER].map(async (text) => {
      const file = parseSops(Buffer.from(text), 'db.yaml') as SopsFile;
      return [encryptedDigest(file), await decryptSops(file, [key])] as const;
    }),
  ),
);
const secrets: SiteSecrets = {
  ...siteSecrets({ site: [key], apps: new Map() }, Buffer.alloc(32, 3)),
  open: async (_app, file) => opened.get(encryptedDigest(file)) as DecryptedSops,
};

/** An app that has the password as a secret, or as a value in its environment. */
const repoOf = (db: string, after?: string, as: 'secret' | 'value' = 'secret') => ({
  'fleet.yaml': document('Fleet', {
    syncPolicy: { automated: { prune: true, selfHeal: as === 'value' } },
    ...(after && { rollout: { steps: [{ percent: 100, after }] } }),
  }),
  'sites/here.yaml': document('Site', {}),
  'apps/shop/app.yaml': document('Application', as === 'value' ? { valuesFrom: 'db.yaml' } : {}),
  'apps/shop/db.yaml': db,
  'apps/shop/compose.yaml': JSON.stringify({
    services: {
      web: {
        image: 'web:1',
        command: ['serve'],
        restart: 'unless-stopped',
        ...(as === 'value' ? { environment: ['URL=db://x:${password}@db'] } : { secrets: ['db'] }),
      },
    },
    ...(as === 'secret' && { secrets: { db: { file: './db.yaml' } } }),
  }),
});

/** A site without selfHeal, whose agent looks every five minutes. */
function world(seed: number) {
  const site = wholeAgent({
    seed,
    images: ['web:1'],
    agent: (_source, disk) => ({
      files: filesOn(disk, secrets.digest),
      compile: async () => ({ filesDir: '/files', secrets }),
    }),
  });
  const { clock, disk, machine, kill } = site;
  machine.isAbsent = (path) => path.startsWith(SECRETS_DIR) && disk.peek(path) === undefined;
  return {
    ...site,
    web: () => [...machine.containers.values()].find(({ status }) => status === 'running'),
    state: () =>
      new TextDecoder().decode(
        Buffer.concat(
          disk
            .paths()
            .filter((path) => path.startsWith('/state'))
            .map((path) => disk.peek(path) ?? new Uint8Array()),
        ),
      ),
    /** The engine is back at once, and no agent is there. */
    reboot: async () => {
      kill();
      disk.reboot();
      restartEngine(machine, 'power', 1000);
      await clock.advance(MINUTE);
    },
  };
}

async function settled(seed: number, after?: string, as?: 'secret' | 'value') {
  const site = world(seed);
  site.repo.commit(repoOf(FIRST, after, as));
  await site.start();
  expect(await site.clock.runUntil(() => site.web() !== undefined, 10 * MINUTE)).toBe(true);
  await site.clock.advance(2 * MINUTE);
  return site;
}

test.each([1, 2, 3])(
  'after a reboot without a network the agent restores the secrets, and starts what the engine could not (%s)',
  async (seed) => {
    const site = await settled(seed);
    const id = site.web()?.id;
    for (let times = 0; times < 3; times++) {
      site.repo.linkUp = false;
      await site.reboot();
      expect(site.web()).toBeUndefined();
      await site.start();
      expect(await site.clock.runUntil(() => site.web() !== undefined, 10_000)).toBe(true);
      expect(site.web()?.id).toBe(id);
      expect(Buffer.from(site.disk.peek(PATH) ?? '').toString()).toBe('password: weasel-1\n');
      await site.clock.advance(MINUTE);
    }
    await site.stop();
  },
);

test('an agent that dies at any moment after a reboot has the container run in its next life', async () => {
  for (let effect = 0; effect < 6; effect++) {
    const site = await settled(10 + effect);
    const id = site.web()?.id;
    await site.reboot();
    await site.start(effect);
    await site.clock.advance(20_000);
    site.kill();
    await site.start();
    expect(await site.clock.runUntil(() => site.web() !== undefined, MINUTE)).toBe(true);
    expect(site.web()?.id).toBe(id);
    await site.stop();
  }
});

test('another encryption of the same value restarts nothing and waits for nothing; another value waits for its step, and then replaces', async () => {
  const site = await settled(20, '24h');
  const id = site.web()?.id;
  site.repo.commit(repoOf(AGAIN, '24h'));
  await site.clock.advance(11 * MINUTE);
  expect(site.web()?.id).toBe(id);
  expect(site.log.filter((line) => line.includes('waits for step'))).toEqual([]);
  site.repo.commit(repoOf(OTHER, '24h'));
  await site.clock.advance(60 * MINUTE);
  expect(site.web()?.id).toBe(id);
  expect(site.log.filter((line) => line.includes('waits for step'))).toHaveLength(1);
  // The version that waits is not decrypted to the disk either.
  expect(Buffer.from(site.disk.peek(PATH) ?? '').toString()).toBe('password: weasel-1\n');
  await site.clock.advance(25 * 60 * MINUTE);
  expect(site.web()?.id).not.toBe(id);
  expect(Buffer.from(site.disk.peek(PATH) ?? '').toString()).toBe('password: marten-2\n');
  expect(site.state()).not.toMatch(/weasel|marten/);
  await site.stop();
});

test.each([1, 2, 3])(
  'without a network, an agent makes a container with a decrypted value from the accepted state, which has no such value (%s)',
  async (seed) => {
    const site = await settled(40 + seed, undefined, 'value');
    const inEnvironment = () => site.web()?.body.Env ?? [];
    expect(inEnvironment()).toEqual(['URL=db://x:weasel-1@db']);
    site.repo.linkUp = false;
    await site.reboot();
    const id = site.web()?.id;
    expect(id).toBeDefined();
    if (id) site.machine.containers.delete(id);
    await site.start();
    expect(await site.clock.runUntil(() => site.web() !== undefined && site.web()?.id !== id, MINUTE)).toBe(true);
    expect(inEnvironment()).toEqual(['URL=db://x:weasel-1@db']);
    expect(site.state()).not.toMatch(/weasel/);
    expect(site.log.join('\n')).not.toMatch(/weasel/);
    expect(JSON.stringify(site.web()?.body.Labels)).not.toMatch(/weasel/);
    await site.stop();
  },
);

test('another encryption of a value in the environment restarts nothing and waits for nothing; another value waits for its step', async () => {
  const site = await settled(50, '24h', 'value');
  const id = site.web()?.id;
  site.repo.commit(repoOf(AGAIN, '24h', 'value'));
  await site.clock.advance(11 * MINUTE);
  expect(site.log.filter((line) => line.includes('waits for step'))).toEqual([]);
  site.repo.commit(repoOf(OTHER, '24h', 'value'));
  await site.clock.advance(60 * MINUTE);
  expect(site.web()?.id).toBe(id);
  expect(site.log.filter((line) => line.includes('waits for step'))).toHaveLength(1);
  await site.clock.advance(25 * 60 * MINUTE);
  expect(site.web()?.body.Env).toEqual(['URL=db://x:marten-2@db']);
  expect(site.state()).not.toMatch(/weasel|marten/);
  await site.stop();
});
