import { InputError } from '../lib/errors.ts';
import { isOci, type OciReference, ociUrl, parseOci } from './bundle/oci-reference.ts';

export type Credentials = { username: string; password: string } | { bearer: string };

/**
 * Asked anew before every request that needs it, so that a rotated token is picked up. `refused`: what it gave last was not accepted, so what it
 * remembers of it is no good.
 */
export type CredentialsProvider = (asked?: CredentialsQuestion) => Promise<Credentials | undefined>;

export interface CredentialsQuestion {
  refused: boolean;
  /** The user that stands in the repo's URL, for credentials that name none. */
  username?: string | undefined;
  /** Nobody waits for the answer any more. */
  signal?: AbortSignal;
}

/** A repo on an SSH server. */
export interface SshAddress {
  user: string;
  host: string;
  port: number;
  /** As the server understands it: absolute, or from the user's home. */
  path: string;
}

export interface Remote {
  /** Without a password, and without a slash at its end. */
  url: string;
  /** What stood in the URL, of HTTP; the password may be empty. */
  credentials?: { username: string; password: string };
  /** Where it is reached by SSH. */
  ssh?: SshAddress;
  /** Where it is a folder of this machine; absolute. */
  dir?: string;
  /** Where it is an artifact in a registry. */
  oci?: OciReference;
  /** Where it is a Git bundle in a file of this machine; absolute. */
  bundle?: string;
  /** The repo's name: the last part of the URL, without `.git`. */
  name: string;
}

/** Takes a repo's URL apart. Throws InputError for one that nothing here can fetch; the text of the error holds no password. */
export function parseRemote(text: string): Remote {
  // Greedier than `redact`: in something that is no URL, all before an `@` may be a password.
  const clean = text.replace(/^([a-z0-9+.-]*:\/\/)?\S*@/i, '$1');
  if (/^https?:\/\//i.test(text)) return parseHttp(text, clean);
  if (/^ssh:\/\//i.test(text)) return parseSsh(text, clean);
  if (isOci(text)) {
    const oci = parseOci(text);
    return { url: ociUrl(oci), name: repoName(oci.repository), oci };
  }
  if (text.startsWith('/')) return local(text);
  if (/^file:\/\/\//i.test(text)) return local(decode(text.slice('file://'.length)));
  // As scp has it: a colon before any slash.
  const [, user = '', host = '', path = ''] =
    /^([^\s:/@]+)@(\[[0-9a-f:.]+\]|[^\s:/@[\]]+):(?!\/\/)(\S+)$/i.exec(text) ?? [];
  if (path !== '') {
    return checkedSsh(text.replace(/\/+$/, ''), { user, host: host.replace(/^\[|\]$/g, ''), port: 22, path });
  }
  throw InputError.at(
    undefined,
    `The repo ${clean} cannot be fetched`,
    'write an https://, ssh:// or oci:// URL, user@host:path, or the absolute path of a folder or a .bundle file',
  );
}

function parseHttp(text: string, clean: string): Remote {
  if (!URL.canParse(text)) throw InputError.at(undefined, `The repo ${clean} is not a valid URL`);
  const url = new URL(text);
  const credentials = { username: decode(url.username), password: decode(url.password) };
  url.username = '';
  url.password = '';
  requirePlain(url);
  const plain = url.href.replace(/\/+$/, '');
  const given = credentials.username !== '' || credentials.password !== '';
  return { url: plain, name: repoName(plain), ...(given && { credentials }) };
}

function parseSsh(text: string, clean: string): Remote {
  if (!URL.canParse(text) || new URL(text).hostname === '')
    throw InputError.at(undefined, `The repo ${clean} is not a valid URL`);
  const url = new URL(text);
  if (url.password !== '')
    throw InputError.at(undefined, `The repo ${clean} holds a password in its URL`, 'SSH is used with a key');
  requirePlain(url);
  const path = decode(url.pathname).replace(/^\/(?=~)/, '');
  const host = url.hostname.replace(/^\[|\]$/g, '');
  const user = decode(url.username) || 'git';
  return checkedSsh(url.href.replace(/\/+$/, ''), { user, host, port: Number(url.port || 22), path });
}

function checkedSsh(url: string, ssh: SshAddress): Remote {
  // An option would be taken for one by the server's shell or by Git there.
  if (/\p{Cc}/u.test(ssh.path) || ssh.path.startsWith('-') || ssh.path.replace(/\/+$/, '') === '')
    throw InputError.at(undefined, `The repo on ${ssh.host} has a path that cannot be asked for`);
  return { url, name: repoName(url), ssh };
}

function local(path: string): Remote {
  if (path.endsWith('.bundle')) return { url: path, name: repoName(path.replace(/\.bundle$/, '')), bundle: path };
  const dir = path.replace(/\/+$/, '') || '/';
  return { url: dir, name: repoName(dir.replace(/\/\.git$/, '')), dir };
}

function requirePlain(url: URL): void {
  if (url.search === '' && url.hash === '') return;
  throw InputError.at(
    undefined,
    `The repo ${url.protocol}//${url.host}${url.pathname} must have no query and no fragment in its URL`,
  );
}

/** `edge` of `https://host/team/edge.git`, `git@host:team/edge.git` or `/srv/git/edge`. */
export function repoName(url: string): string {
  const path = url.replace(/[/\s]+$/, '').replace(/\.git$/, '');
  return path.split(/[/:]/).at(-1) ?? '';
}

/** The text with user and password taken out of every URL in it. Whatever is logged or thrown about a remote goes through here. */
export function redact(text: string): string {
  return text.replace(/\b([a-z][a-z0-9+.-]{0,30}:\/\/)[^\s/?#"'<>]*@/gi, '$1');
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    // A lone `%` in a password that nobody escaped: it is meant as written.
    return text;
  }
}
