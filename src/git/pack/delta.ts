import { damagedPack, overLimit, type StoreLimits } from '../store-limits.ts';
import { makeRoom } from './make-room.ts';

/** The object that a delta makes of its base. Source: gitformat-pack(5), deltified representation. Throws SourceError. */
export function applyDelta(base: Buffer, delta: Buffer, limits: StoreLimits): Buffer {
  let at = 0;
  const next = (): number => {
    const byte = delta[at++];
    if (byte === undefined) throw damagedPack('a delta breaks off');
    return byte;
  };
  const length = (): number => {
    let value = 0;
    for (let scale = 1; ; scale *= 128) {
      const byte = next();
      value += (byte & 0x7f) * scale;
      if (value > limits.objectBytes) throw overLimit('objectBytes', limits);
      if (!(byte & 0x80)) return value;
    }
  };
  if (length() !== base.length) throw damagedPack('a delta is meant for another base');
  const size = length();
  makeRoom(size);
  const result = Buffer.allocUnsafeSlow(size);
  let done = 0;
  while (at < delta.length) {
    const op = next();
    if (op & 0x80) {
      let from = 0;
      let size = 0;
      for (let i = 0; i < 4; i++) if (op & (1 << i)) from += next() * 2 ** (8 * i);
      for (let i = 0; i < 3; i++) if (op & (16 << i)) size += next() * 2 ** (8 * i);
      if (size === 0) size = 0x10000;
      if (from + size > base.length || done + size > result.length) throw damagedPack('a delta copies from nowhere');
      base.copy(result, done, from, from + size);
      done += size;
    } else {
      if (op === 0 || at + op > delta.length || done + op > result.length) throw damagedPack('a delta is malformed');
      delta.copy(result, done, at, at + op);
      at += op;
      done += op;
    }
  }
  if (done !== result.length) throw damagedPack('a delta makes less than it says');
  return result;
}
