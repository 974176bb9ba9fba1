import { isCommitId, isRefName } from '../../git/refs.ts';
import { SourceError } from '../../lib/errors.ts';

/** The header before the pack in a Git bundle. Source: gitformat-bundle(5). */
export interface BundleHeader {
  /** Commits that must be here already. */
  prerequisites: string[];
  refs: { name: string; oid: string }[];
}

/** More than a repo with ten thousand tags needs. */
const MOST_BYTES = 1024 * 1024;

/** The header that the bytes begin with and its length; undefined where they end within it. Throws SourceError. */
export function parseBundleHeader(bytes: Buffer): { header: BundleHeader; length: number } | undefined {
  const header: BundleHeader = { prerequisites: [], refs: [] };
  const names = new Set<string>();
  let version: string | undefined;
  for (let at = 0; ; ) {
    const end = bytes.indexOf(NEWLINE, at);
    if (end < 0 || end >= MOST_BYTES) {
      if (bytes.length >= MOST_BYTES) throw malformed(`its header is longer than ${MOST_BYTES} bytes`);
      if (version === undefined && !isBeginning(bytes)) throw malformed('it does not begin as one');
      return undefined;
    }
    const line = bytes.toString('utf8', at, end);
    at = end + 1;
    if (version === undefined) {
      version = /^# v([23]) git bundle$/.exec(line)?.[1];
      if (version === undefined)
        throw malformed(/^# v\d+ git bundle$/.test(line) ? 'its version is unknown' : 'it does not begin as one');
    } else if (line === '') {
      if (header.refs.length === 0) throw malformed('it names no branch or tag');
      return { header, length: at };
    } else if (line.startsWith('@') && version === '3' && header.refs.length + header.prerequisites.length === 0) {
      requireKnown(line);
    } else if (line.startsWith('-')) {
      const oid = line.slice(1, 41);
      if (!isCommitId(oid) || (line.length > 41 && line[41] !== ' ') || header.refs.length > 0)
        throw malformed('a line of its header is none');
      header.prerequisites.push(oid);
    } else {
      const [oid, name] = [line.slice(0, 40), line.slice(41)];
      if (!isCommitId(oid) || line[40] !== ' ') throw malformed('a line of its header is none');
      if (!isRefName(name)) throw malformed('it holds a name that no branch or tag may have');
      if (names.has(name)) throw malformed(`it names ${name} twice`);
      names.add(name);
      header.refs.push({ name, oid });
    }
  }
}

/** A bundle's header, and the pack that follows it, which is read or left. Throws SourceError. */
export async function openBundle(
  stream: AsyncIterable<Uint8Array>,
): Promise<{ header: BundleHeader; pack: AsyncIterable<Buffer>; leave: () => Promise<void> }> {
  const iterator = stream[Symbol.asyncIterator]();
  let start: Buffer = Buffer.alloc(0);
  try {
    for (;;) {
      const found = parseBundleHeader(start);
      if (found) {
        const leave = async (): Promise<void> => void (await iterator.return?.());
        return { header: found.header, pack: rest(start.subarray(found.length), iterator), leave };
      }
      const next = await iterator.next();
      if (next.done) throw malformed('it breaks off within its header');
      start = Buffer.concat([start, next.value]);
    }
  } catch (error) {
    await iterator.return?.();
    throw error;
  }
}

async function* rest(first: Buffer, iterator: AsyncIterator<Uint8Array>): AsyncGenerator<Buffer, void, undefined> {
  try {
    if (first.length > 0) yield first;
    for (let next = await iterator.next(); !next.done; next = await iterator.next())
      yield Buffer.from(next.value.buffer, next.value.byteOffset, next.value.byteLength);
  } finally {
    await iterator.return?.();
  }
}

const NEWLINE = 10;
const MAGIC = '# v';

const isBeginning = (bytes: Buffer): boolean => {
  const start = bytes.toString('latin1', 0, 64);
  return MAGIC.startsWith(start.slice(0, MAGIC.length)) && bytes.length < 64;
};

function requireKnown(line: string): void {
  if (line === '@object-format=sha1') return;
  throw malformed(
    line.startsWith('@object-format=')
      ? 'it uses other object names than SHA-1, which Holdfast cannot read yet'
      : line.startsWith('@filter=')
        ? 'files were left out of it'
        : 'it needs something that is unknown here',
  );
}

const malformed = (why: string): SourceError => new SourceError('protocol', `The Git bundle cannot be used: ${why}`);
