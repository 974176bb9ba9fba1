import { beforeEach, describe, expect, test } from '@jest/globals';
import type { Packet } from '../../../src/git/protocol/pkt-line.ts';
import { remotesInOrder } from '../../../src/git/transport/remotes-in-order.ts';
import type { Transport } from '../../../src/git/transport/transport.ts';
import { SourceError } from '../../../src/lib/errors.ts';

const { signal } = new AbortController();
const oid = 'a'.repeat(40);

/** A remote in memory: what it is asked, and whether it answers, is the test's. */
class Remote implements Transport {
  isUp = true;
  /** Breaks off its answer to a fetch after that many packets. */
  breaksAfter = Number.POSITIVE_INFINITY;
  closed = false;
  readonly name: string;
  constructor(name: string) {
    this.name = name;
  }
  #check(): void {
    if (!this.isUp) throw new SourceError('unreachable', `${this.name} is down`);
  }
  async refs() {
    this.#check();
    return [{ name: this.name, oid }];
  }
  async *fetch(): AsyncGenerator<Packet, void, undefined> {
    for (let at = 0; at < 3; at++) {
      if (at === this.breaksAfter) this.isUp = false;
      this.#check();
      yield { kind: 'line', data: Buffer.from(`${this.name} ${at}`) };
    }
  }
  async capabilities() {
    this.#check();
    return new Set([this.name]);
  }
  close(): void {
    this.closed = true;
  }
}

let mirror: Remote;
let origin: Remote;
let changes: string[];
let both: Transport;
beforeEach(() => {
  mirror = new Remote('mirror');
  origin = new Remote('origin');
  changes = [];
  const named = [mirror, origin].map((transport) => ({ url: transport.name, transport }));
  both = remotesInOrder(named, (url) => changes.push(url));
});

const polled = async (): Promise<string | undefined> => (await both.refs([], signal))[0]?.name;
const fetched = async (): Promise<string[]> => {
  const lines: string[] = [];
  for await (const packet of both.fetch({ args: [] }, signal))
    if (packet.kind === 'line') lines.push(String(packet.data));
  return lines;
};

describe('several remotes', () => {
  test('the first that answers is taken, and the first again when it is back', async () => {
    expect(await polled()).toBe('mirror');
    mirror.isUp = false;
    expect([await polled(), await polled()]).toEqual(['origin', 'origin']);
    mirror.isUp = true;
    expect(await polled()).toBe('mirror');
    expect(changes).toEqual(['origin', 'mirror']);
  });

  test('a commit is fetched from the remote where the poll found it', async () => {
    mirror.isUp = false;
    await polled();
    mirror.isUp = true;
    expect(await fetched()).toEqual(['origin 0', 'origin 1', 'origin 2']);
    expect([...(await both.capabilities(signal))]).toEqual(['origin']);
  });

  test('a commit is fetched from another remote if that one is gone meanwhile', async () => {
    await polled();
    mirror.isUp = false;
    expect((await fetched())[0]).toBe('origin 0');
  });

  test('an answer that breaks off is never gone on with from another', async () => {
    mirror.breaksAfter = 1;
    await expect(fetched()).rejects.toThrow('mirror is down');
  });

  test('where none answers, the first says why', async () => {
    mirror.isUp = false;
    origin.isUp = false;
    await expect(polled()).rejects.toThrow('mirror is down');
  });

  test('a bug is not taken for a remote that is down', async () => {
    mirror.refs = () => Promise.reject(new TypeError('x is not a function'));
    await expect(polled()).rejects.toThrow(TypeError);
  });

  test('all are closed', () => {
    both.close();
    expect([mirror.closed, origin.closed]).toEqual([true, true]);
  });
});
