import { InputError } from '../lib/errors.ts';

export type Credentials = { username: string; password: string } | { bearer: string };

/**
 * Asked anew before every request that needs it, so that a rotated token is picked up. `refused`: what it gave last was not accepted, so what it
 * remembers of it is no good.
 */
export type CredentialsProvider = (asked?: { refused: boolean }) => Promise<Credentials | undefined>;

export interface Remote {
  /** Without user and password, and without a slash at its end. */
  url: string;
  /** What stood in the URL. */
  credentials?: { username: string; password: string };
  /** The repo's name: the last part of the URL, without `.git`. */
  name: string;
}

/** Takes a repo's URL apart. Throws InputError for what is not HTTP(S); the text of the error holds no password. */
export function parseRemote(text: string): Remote {
  // Greedier than `redact`: in something that is no URL, all before an `@` may be a password.
  const clean = text.replace(/^([a-z0-9+.-]*:\/\/)?\S*@/i, '$1');
  if (!/^https?:\/\//i.test(text)) {
    throw InputError.at(undefined, `The repo ${clean} cannot be fetched`, 'write an https:// or http:// URL');
  }
  if (!URL.canParse(text)) throw InputError.at(undefined, `The repo ${clean} is not a valid URL`);
  const url = new URL(text);
  const credentials = { username: decode(url.username), password: decode(url.password) };
  url.username = '';
  url.password = '';
  if (url.search !== '' || url.hash !== '') {
    throw InputError.at(
      undefined,
      `The repo ${url.origin}${url.pathname} must have no query and no fragment in its URL`,
    );
  }
  const plain = url.href.replace(/\/+$/, '');
  const given = credentials.username !== '' || credentials.password !== '';
  return { url: plain, name: repoName(plain), ...(given && { credentials }) };
}

/** `edge` of `https://host/team/edge.git`, `git@host:team/edge.git` or `/srv/git/edge`. */
export function repoName(url: string): string {
  const path = url.replace(/[/\s]+$/, '').replace(/\.git$/, '');
  return path.split(/[/:]/).at(-1) ?? '';
}

/** The text with user and password taken out of every URL in it. Whatever is logged or thrown about a remote goes through here. */
export function redact(text: string): string {
  return text.replace(/\b([a-z][a-z0-9+.-]*:\/\/)[^\s/?#"'<>]*@/gi, '$1');
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    // A lone `%` in a password that nobody escaped: it is meant as written.
    return text;
  }
}
