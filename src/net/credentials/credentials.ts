import type { Clock } from '../../lib/clock.ts';
import { messageOf, SourceError } from '../../lib/errors.ts';
import { readSmall } from '../read-small.ts';
import { credentialCommand } from './credential-command.ts';
import type { Credentials, CredentialsProvider } from './provider.ts';

/** Where a repo's credentials come from. A token replaces the password; a file is read each time and loses its last newline. */
export interface CredentialSettings {
  username?: string;
  password?: string;
  passwordFile?: string;
  token?: string;
  tokenFile?: string;
  /** The form in which a token is given: as the password of a user, which most hosts expect, or as it is. Default: basic. */
  tokenScheme?: 'basic' | 'bearer';
  /** A program and its arguments that print credentials. It comes before all others. */
  credentialCommand?: readonly string[];
}

/** The user that hosts expect, or do not mind, beside a token. */
const TOKEN_USER = 'x-access-token';

/** Credentials by their settings; none when nothing is set. Throws SourceError `auth` when they cannot be had. */
export function credentialsFrom(settings: CredentialSettings, clock: Clock): CredentialsProvider {
  const ofToken = (token: string, user?: string): Credentials =>
    settings.tokenScheme === 'bearer'
      ? { bearer: token }
      : { username: settings.username ?? user ?? TOKEN_USER, password: token };
  if (settings.credentialCommand && settings.credentialCommand.length > 0)
    return credentialCommand(settings.credentialCommand, ofToken, clock);
  return async (asked): Promise<Credentials | undefined> => {
    const user = asked?.username;
    const token = settings.tokenFile === undefined ? settings.token : await secret(settings.tokenFile);
    if (token !== undefined) return ofToken(token, user);
    const password = settings.passwordFile === undefined ? settings.password : await secret(settings.passwordFile);
    if (password === undefined && settings.username === undefined) return undefined;
    return { username: settings.username ?? user ?? '', password: password ?? '' };
  };
}

async function secret(path: string): Promise<string> {
  try {
    return (await readSmall(path)).replace(/\r?\n$/, '');
  } catch (error) {
    throw new SourceError('auth', `The file with the repo's credentials cannot be read: ${messageOf(error)}`, {
      cause: error,
    });
  }
}
