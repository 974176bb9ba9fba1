import { readFile } from 'node:fs/promises';
import { messageOf, SourceError } from '../lib/errors.ts';
import type { Credentials, CredentialsProvider } from './remote.ts';

/** Where a repo's credentials come from. A token stands in for the password; a file is read anew each time and loses its last newline. */
export interface CredentialSettings {
  username?: string;
  password?: string;
  passwordFile?: string;
  token?: string;
  tokenFile?: string;
}

/** The user that hosts expect, or do not mind, beside a token. */
const TOKEN_USER = 'x-access-token';

/** Credentials by their settings; none when nothing is set. Throws SourceError `auth` when a file cannot be read. */
export function credentialsFrom(settings: CredentialSettings): CredentialsProvider {
  return async (): Promise<Credentials | undefined> => {
    const token = settings.tokenFile === undefined ? settings.token : await secret(settings.tokenFile);
    if (token !== undefined) return { username: settings.username ?? TOKEN_USER, password: token };
    const password = settings.passwordFile === undefined ? settings.password : await secret(settings.passwordFile);
    if (password === undefined && settings.username === undefined) return undefined;
    return { username: settings.username ?? '', password: password ?? '' };
  };
}

async function secret(path: string): Promise<string> {
  try {
    return (await readFile(path, 'utf8')).replace(/\r?\n$/, '');
  } catch (error) {
    throw new SourceError('auth', `The file with the repo's credentials cannot be read: ${messageOf(error)}`, {
      cause: error,
    });
  }
}
