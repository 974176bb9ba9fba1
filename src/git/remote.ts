import { InputError } from '../lib/errors.ts';

/** A Git server or folder that a repo is fetched from. */
export type GitRemote = HttpRemote | SshRemote | FolderRemote;

interface Named {
  /** Without a password, and without a slash at its end. */
  url: string;
  /** The repo's name: the last part of the URL, without `.git`. */
  name: string;
}

export interface HttpRemote extends Named {
  kind: 'http';
  /** The user and password of the URL; the password may be empty. */
  credentials?: { username: string; password: string } | undefined;
}

export interface SshRemote extends Named {
  kind: 'ssh';
  address: SshAddress;
}

export interface FolderRemote extends Named {
  kind: 'folder';
  /** Absolute. */
  dir: string;
}

/** A repo on an SSH server. */
export interface SshAddress {
  user: string;
  host: string;
  port: number;
  /** As the server understands it: absolute, or from the user's home. */
  path: string;
}

/**
 * Parses the URL of a Git repo; undefined for one that Git fetches in no way that is supported here. Throws InputError for one that is not
 * valid; its text holds no password.
 */
export function parseGitRemote(text: string): GitRemote | undefined {
  if (/^https?:\/\//i.test(text)) return parseHttp(text);
  if (/^ssh:\/\//i.test(text)) return parseSsh(text);
  const path = localPath(text);
  if (path !== undefined) {
    const dir = path.replace(/\/+$/, '') || '/';
    return { kind: 'folder', url: dir, name: repoName(dir.replace(/\/\.git$/, '')), dir };
  }
  // The short form of scp: a colon before any slash.
  const [, user = '', host = '', repo = ''] =
    /^([^\s:/@]+)@(\[[0-9a-f:.]+\]|[^\s:/@[\]]+):(?!\/\/)(\S+)$/i.exec(text) ?? [];
  if (repo === '') return undefined;
  return checkedSsh(text.replace(/\/+$/, ''), { user, host: host.replace(/^\[|\]$/g, ''), port: 22, path: repo });
}

/** The absolute path that a `file://` URL, or a text that is a path already, names. */
export function localPath(text: string): string | undefined {
  if (text.startsWith('/')) return text;
  return /^file:\/\/\//i.test(text) ? decode(text.slice('file://'.length)) : undefined;
}

/** The text without what may be a password: more than `redact` removes, since in a text that is no URL all before an `@` may be one. */
export const withoutPassword = (text: string): string => text.replace(/^([a-z0-9+.-]*:\/\/)?\S*@/i, '$1');

function parseHttp(text: string): HttpRemote {
  if (!URL.canParse(text)) throw InputError.of(`The repo ${withoutPassword(text)} is not a valid URL`);
  const url = new URL(text);
  const credentials = { username: decode(url.username), password: decode(url.password) };
  url.username = '';
  url.password = '';
  requirePlain(url);
  const plain = url.href.replace(/\/+$/, '');
  const given = credentials.username !== '' || credentials.password !== '';
  return { kind: 'http', url: plain, name: repoName(plain), credentials: given ? credentials : undefined };
}

function parseSsh(text: string): SshRemote {
  if (!URL.canParse(text) || new URL(text).hostname === '')
    throw InputError.of(`The repo ${withoutPassword(text)} is not a valid URL`);
  const url = new URL(text);
  if (url.password !== '')
    throw InputError.of(`The repo ${withoutPassword(text)} holds a password in its URL`, 'SSH is used with a key');
  requirePlain(url);
  const path = decode(url.pathname).replace(/^\/(?=~)/, '');
  const host = url.hostname.replace(/^\[|\]$/g, '');
  const user = decode(url.username) || 'git';
  return checkedSsh(url.href.replace(/\/+$/, ''), { user, host, port: Number(url.port || 22), path });
}

function checkedSsh(url: string, address: SshAddress): SshRemote {
  const { host, path } = address;
  // The server's shell, or Git there, would read it as an option.
  if (/\p{Cc}/u.test(path) || path.startsWith('-') || path.replace(/\/+$/, '') === '')
    throw InputError.of(`The repo on ${host} has a path that cannot be asked for`);
  return { kind: 'ssh', url, name: repoName(url), address };
}

function requirePlain(url: URL): void {
  if (url.search === '' && url.hash === '') return;
  throw InputError.of(
    `The repo ${url.protocol}//${url.host}${url.pathname} must have no query and no fragment in its URL`,
  );
}

/** `edge` of `https://host/team/edge.git`, `git@host:team/edge.git` or `/srv/git/edge`. */
export function repoName(url: string): string {
  const path = url.replace(/[/\s]+$/, '').replace(/\.git$/, '');
  return path.split(/[/:]/).at(-1) ?? '';
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    // A lone `%` in a password that is not escaped: it is meant as written.
    return text;
  }
}
