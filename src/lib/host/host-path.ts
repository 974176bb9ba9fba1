import { posix } from 'node:path';

/** Folders of the kernel and of services on the host. Many programs share their content. */
const SHARED = /^\/(dev|proc|sys|run|var\/run|tmp\/\.X11-unix|etc\/(localtime|timezone))(\/|$)/;

/** A path of the host in normal form; undefined when it is not absolute, or when many programs share it. */
export function ownHostPath(path: string): string | undefined {
  const clean = posix.normalize(path).replace(/(?<=.)\/$/, '');
  return clean.startsWith('/') && !SHARED.test(clean) ? clean : undefined;
}
