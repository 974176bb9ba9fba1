import { posix } from 'node:path';

/** Folders of the kernel and of services that run on the host: what lies there is shared by its nature. */
const SHARED = /^\/(dev|proc|sys|run|var\/run|tmp\/\.X11-unix|etc\/(localtime|timezone))(\/|$)/;

/** A path of the host in its plain form; undefined where it is not absolute, or where everybody shares what lies there. */
export function ownHostPath(path: string): string | undefined {
  const clean = posix.normalize(path).replace(/(?<=.)\/$/, '');
  return clean.startsWith('/') && !SHARED.test(clean) ? clean : undefined;
}
