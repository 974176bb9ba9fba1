import { createHash } from 'node:crypto';

export type ObjectType = 'commit' | 'tree' | 'blob' | 'tag';

export interface GitObject {
  type: ObjectType;
  content: Buffer;
}

/** An object's ID: the hash of its type, its size and its content. */
export const objectId = ({ type, content }: { type: string; content: Uint8Array }): string =>
  createHash('sha1').update(`${type} ${content.length}\0`).update(content).digest('hex');

/** The object that a tag's first line names. */
export function tagTarget(content: Buffer): string | undefined {
  return content.toString('latin1', 0, 48).match(/^object ([0-9a-f]{40})\n/)?.[1];
}

/** The tree that a commit's first line names. */
export function treeOf(content: Buffer): string | undefined {
  return content.toString('latin1', 0, 46).match(/^tree ([0-9a-f]{40})\n/)?.[1];
}
