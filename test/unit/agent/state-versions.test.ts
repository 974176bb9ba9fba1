import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { createHistoryStore, emptyHistory } from '../../../src/agent/history/history-store.ts';
import { type Accepted, acceptedStore } from '../../../src/agent/state/accepted.ts';
import { agentId } from '../../../src/agent/state/agent-id.ts';
import { openDigestKey } from '../../../src/agent/state/digest-key.ts';
import { createMemoryStore, rebase } from '../../../src/agent/state/memory-store.ts';
import { seal, unseal } from '../../../src/agent/state/state-file.ts';
import { createTrustStore } from '../../../src/agent/state/trust-store.ts';
import { systemClock } from '../../../src/lib/clock.ts';
import { systemDisk } from '../../../src/lib/disk.ts';
import { StateError } from '../../../src/lib/errors.ts';
import type { Log } from '../../../src/lib/log.ts';
import { emptyMemory, type Memory } from '../../../src/model/memory.ts';

let dir: string;
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'holdfast-state-'));
});
afterEach(() => rm(dir, { recursive: true, force: true }));

const accepted: Accepted = {
  url: 'https://git.example/fleet',
  ref: '',
  commit: '1'.repeat(40),
  site: { site: 'shop-17', revision: '1'.repeat(40), broken: [], allowEmpty: false } as unknown as Accepted['site'],
  apps: {},
};
const memory: Memory = {
  ...emptyMemory(),
  completed: { 'shop/migrate/1': 'c0ffee' },
  backoffs: {},
};
const floor = { positions: { 'https://git.example/fleet main': { floor: '2'.repeat(40) } } };

const lines: string[] = [];
const log: Log = {
  debug() {},
  info() {},
  warn: (text) => void lines.push(text),
  error: (text) => void lines.push(text),
};

/** Each file of the state directory: how it is written, and how an agent reads it at its start. */
const FILES: Record<string, { write: () => Promise<unknown>; read: () => Promise<unknown> }> = {
  'accepted/accepted.json': {
    write: () => acceptedStore(systemDisk, join(dir, 'accepted'), '1.0.0').save(accepted),
    read: async () => (await acceptedStore(systemDisk, join(dir, 'accepted'), '1.0.0').load()).accepted,
  },
  'trust.json': {
    write: () => createTrustStore(systemDisk, join(dir, 'trust.json')).save(floor),
    read: async () => (await createTrustStore(systemDisk, join(dir, 'trust.json')).load()).state,
  },
  'memory.json': {
    write: () => createMemoryStore(systemDisk, join(dir, 'memory.json')).save(memory),
    read: async () => rebase((await createMemoryStore(systemDisk, join(dir, 'memory.json')).read()).stored, 0, () => 0),
  },
  'digest-key': {
    write: () => openDigestKey(systemDisk, join(dir, 'digest-key'), log),
    read: () => openDigestKey(systemDisk, join(dir, 'digest-key'), log),
  },
  'history.json': {
    write: () => createHistoryStore(systemDisk, join(dir, 'history.json')).save(emptyHistory()),
    read: () => createHistoryStore(systemDisk, join(dir, 'history.json')).load(),
  },
  'agent-id': {
    write: () => agentId(systemDisk, join(dir, 'agent-id'), systemClock, log),
    read: () => agentId(systemDisk, join(dir, 'agent-id'), systemClock, log),
  },
};

/** Changes a file as another Holdfast would have written it, with a right checksum. */
async function rewrite(name: string, version: number, change: (content: unknown) => unknown): Promise<string> {
  const path = join(dir, name);
  const { content } = JSON.parse(await readFile(path, 'utf8')) as { content: unknown };
  const text = seal(version, change(content));
  await writeFile(path, text);
  return text;
}

describe.each(Object.keys(FILES))('%s', (name) => {
  const file = FILES[name] as (typeof FILES)[string];

  test('carries a version and comes back as it was', async () => {
    await file.write();
    expect(JSON.parse(await readFile(join(dir, name), 'utf8'))).toMatchObject({ version: 1 });
    const before = await file.read();
    expect(await file.read()).toEqual(before);
  });

  test('stops the agent if its version is newer, with a sentence that says so, and is kept as it is', async () => {
    await file.write();
    const text = await rewrite(name, 2, (content) => ({ wrapped: content }));
    lines.length = 0;
    const error = await file.read().then(
      () => undefined,
      (thrown: unknown) => thrown,
    );
    expect(error).toBeInstanceOf(StateError);
    expect(String(error)).toContain(`${join(dir, name)} has version 2, and this Holdfast reads version 1`);
    expect(String(error)).not.toMatch(/damaged|corrupt/);
    expect(lines).toEqual([]);
    expect(await readFile(join(dir, name), 'utf8')).toBe(text);
    expect((await readdir(dir, { recursive: true })).filter((each) => each.includes('corrupt'))).toEqual([]);
  });

  test('with one bit of its version flipped is damaged, and not newer', async () => {
    await file.write();
    const path = join(dir, name);
    await writeFile(path, (await readFile(path, 'utf8')).replace('"version":1', '"version":5'));
    expect(unseal(path, await readFile(path, 'utf8'), 1)).toBeUndefined();
    await file.read();
  });
});

describe('facts that a newer Holdfast added to a file of the same version', () => {
  test('cost an older one nothing that it knows', async () => {
    for (const name of ['accepted/accepted.json', 'trust.json', 'memory.json']) {
      const file = FILES[name] as (typeof FILES)[string];
      await file.write();
      const before = await file.read();
      await rewrite(name, 1, (content) => ({ ...(content as object), learnedLater: { a: 1 } }));
      expect(await file.read()).toMatchObject(before as object);
    }
  });

  test('do not reach the memory that the planner works with', async () => {
    await FILES['memory.json']?.write();
    await rewrite('memory.json', 1, (content) => ({ ...(content as object), learnedLater: 1 }));
    expect(await FILES['memory.json']?.read()).toEqual(memory);
  });
});

test('files that a newer Holdfast put beside those of this one stay where they are', async () => {
  for (const file of Object.values(FILES)) await file.write();
  const beside = ['health.json', 'accepted/healthy.json'];
  for (const name of beside) await writeFile(join(dir, name), 'content of a newer version\n');
  const store = acceptedStore(systemDisk, join(dir, 'accepted'), '1.0.0');
  await store.load();
  await store.save({ ...accepted, commit: '3'.repeat(40) });
  await createTrustStore(systemDisk, join(dir, 'trust.json')).save({ positions: {} });
  for (const name of beside) expect(await readFile(join(dir, name), 'utf8')).toBe('content of a newer version\n');
});

test('state that another version of Holdfast compiled must be gathered again', async () => {
  await FILES['accepted/accepted.json']?.write();
  const load = (program: string) => acceptedStore(systemDisk, join(dir, 'accepted'), program).load();
  expect((await load('1.0.0')).isByOther).toBe(false);
  expect((await load('1.1.0')).isByOther).toBe(true);
});
