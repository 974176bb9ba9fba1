import { objectId } from '../git/objects/git-object.ts';
import { shortRevision } from '../lib/text/revision.ts';
import { TrustError } from './trust-error.ts';

/** A commit, read strictly from the bytes that its ID is the hash of. */
export interface Commit {
  oid: string;
  tree: string;
  parents: string[];
  /** The committer's date, in milliseconds since 1970: what the committer's clock said. */
  time: number;
  message: string;
  signed: Signed | undefined;
  /** A hash of its bytes without a signature. */
  payloadId: string;
  /** The message is shortened and the signature left out, so that it takes little memory: see light(). */
  isLight?: true;
}

export interface Tag {
  oid: string;
  object: string;
  type: string;
  name: string;
  /** As a commit's. */
  time: number;
  message: string;
  signed: Signed | undefined;
}

export interface Signed {
  /** As the object has it, with its armor. */
  signature: string;
  /** The object's bytes without the signature: what was signed. */
  payload: Uint8Array;
}

export type ObjectType = 'commit' | 'tag';

const OID = /^[0-9a-f]{40}$/;
const SIGNATURE_HEADER = 'gpgsig';
const ARMORS = /^-----BEGIN (SSH SIGNATURE|PGP SIGNATURE|PGP MESSAGE|SIGNED MESSAGE)-----$/gm;

interface Header {
  name: string;
  /** Folded lines joined by newlines, without the space that they begin with. */
  value: string;
  start: number;
  end: number;
}

/** Throws TrustError for bytes that are no commit, or another than `oid`. */
export function parseCommit(oid: string, content: Uint8Array): Commit {
  const { headers, body } = split('commit', oid, content);
  const [tree, ...rest] = headers;
  if (tree?.name !== 'tree' || !OID.test(tree.value)) throw unreadable('commit', oid, 'it names no tree');
  const first = rest.findIndex(({ name }) => name !== 'parent');
  const parents = rest.slice(0, first < 0 ? rest.length : first).map(({ value }) => value);
  const others = rest.slice(parents.length);
  if (!parents.every((parent) => OID.test(parent)) || others[0]?.name !== 'author' || others[1]?.name !== 'committer')
    throw unreadable('commit', oid, 'its first lines are not those of a commit');
  const twice = others.slice(2).find(({ name }) => ['tree', 'parent', 'author', 'committer'].includes(name));
  if (twice) throw unreadable('commit', oid, `it has a second line \`${twice.name}\``);
  const signatures = others.filter(({ name }) => name.startsWith(SIGNATURE_HEADER));
  // Programs differ in which of several they check.
  if (signatures.length > 1) throw unreadable('commit', oid, 'it has several signatures');
  const [signature] = signatures;
  const payload = signature
    ? Buffer.concat([content.subarray(0, signature.start), content.subarray(signature.end)])
    : content;
  if (signature && signature.name !== SIGNATURE_HEADER)
    throw unreadable('commit', oid, `its signature is a ${signature.name}, which is not for this kind of object`);
  return {
    oid,
    tree: tree.value,
    parents,
    time: timeOf('commit', oid, others[1].value),
    message: body,
    signed: signature && { signature: `${signature.value}\n`, payload },
    payloadId: objectId({ type: 'payload', content: payload }),
  };
}

/** Throws TrustError for bytes that are no annotated tag, or another than `oid`. */
export function parseTag(oid: string, content: Uint8Array): Tag {
  const { headers, body, bodyStart } = split('tag', oid, content);
  const [object, type, name, tagger, ...more] = headers;
  if (
    object?.name !== 'object' ||
    !OID.test(object.value) ||
    type?.name !== 'type' ||
    name?.name !== 'tag' ||
    tagger?.name !== 'tagger' ||
    more.length > 0
  )
    throw unreadable('tag', oid, 'its lines are not those of a tag');
  // latin1, so that an index into the text is one into the bytes.
  const text = Buffer.from(content).toString('latin1', bodyStart);
  // A message may quote a signature; like Git, take the last one for the tag's own.
  const at = [...text.matchAll(ARMORS)].at(-1)?.index;
  const signatureStart = at === undefined ? undefined : bodyStart + at;
  return {
    oid,
    object: object.value,
    type: type.value,
    name: name.value,
    time: timeOf('tag', oid, tagger.value),
    message: at === undefined ? body : Buffer.from(text.slice(0, at), 'latin1').toString('utf8'),
    signed:
      signatureStart === undefined
        ? undefined
        : {
            signature: Buffer.from(content).toString('latin1', signatureStart),
            payload: content.subarray(0, signatureStart),
          },
  };
}

/**
 * The trailers of a message with that key, in order: `Key: value` lines of its last paragraph. Keys are compared without regard to case. Takes time
 * in proportion to the message, since anybody can write one.
 */
export function trailers(message: string, key: string): string[] {
  const lines = message.trimEnd().split('\n');
  const blank = lines.findLastIndex((line) => withoutBlanks(line) === '');
  return lines.slice(blank + 1).flatMap((line) => {
    const colon = line.indexOf(':');
    const found = line.slice(0, Math.max(colon, 0));
    // A line of a program that ends its lines in another way is no trailer to Git.
    if (!/^[A-Za-z0-9-]+$/.test(found) || /[\r\u2028\u2029]/.test(line)) return [];
    return found.toLowerCase() === key.toLowerCase() ? [withoutBlanks(line.slice(colon + 1))] : [];
  });
}

/** Without the blanks and tabs at both ends. */
function withoutBlanks(text: string): string {
  const isBlank = (at: number): boolean => text[at] === ' ' || text[at] === '\t';
  let [start, end] = [0, text.length];
  while (start < end && isBlank(start)) start++;
  while (end > start && isBlank(end - 1)) end--;
  return text.slice(start, end);
}

function split(type: ObjectType, oid: string, content: Uint8Array) {
  if (objectId({ type, content }) !== oid) throw unreadable(type, oid, 'its bytes are not what its ID says');
  const bytes = Buffer.from(content.buffer, content.byteOffset, content.byteLength);
  const headers: Header[] = [];
  let at = 0;
  for (;;) {
    const end = bytes.indexOf(0x0a, at);
    if (end < 0) throw unreadable(type, oid, 'its lines break off');
    if (end === at) break;
    // NUL would end a line for programs in C, and not for us.
    const line = bytes.toString('utf8', at, end);
    if (line.includes('\0')) throw unreadable(type, oid, 'a line of it holds a NUL');
    const last = headers.at(-1);
    if (line.startsWith(' ')) {
      if (!last) throw unreadable(type, oid, 'its first line is a continued one');
      last.value += `\n${line.slice(1)}`;
      last.end = end + 1;
    } else {
      const space = line.indexOf(' ');
      if (space < 1) throw unreadable(type, oid, 'a line of it has no value');
      headers.push({ name: line.slice(0, space), value: line.slice(space + 1), start: at, end: end + 1 });
    }
    at = end + 1;
  }
  return { headers, body: bytes.toString('utf8', at + 1), bodyStart: at + 1 };
}

/** The time in `Name <mail> SECONDS ZONE`. */
function timeOf(type: ObjectType, oid: string, person: string): number {
  const seconds = /> (\d{1,12}) [+-]\d{4}$/.exec(person)?.[1];
  if (seconds === undefined) throw unreadable(type, oid, 'it has no date');
  return Number(seconds) * 1000;
}

const unreadable = (type: ObjectType, oid: string, why: string): TrustError =>
  new TrustError('malformed', `${type} ${shortRevision(oid)} cannot be verified: ${why}`);
