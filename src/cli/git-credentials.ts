import { credentialsFrom } from '../source/credentials.ts';
import type { CredentialsProvider } from '../source/remote.ts';
import { type AgentKey, variableOf } from './settings.ts';

/** The config repo's credentials by the environment, for commands that have no settings of their own. */
export function gitCredentials(environment: NodeJS.ProcessEnv): CredentialsProvider {
  const keys = ['username', 'password', 'passwordFile', 'token', 'tokenFile'] as const satisfies AgentKey[];
  return credentialsFrom(
    Object.fromEntries(
      keys.flatMap((key) => (environment[variableOf(key)] ? [[key, environment[variableOf(key)]]] : [])),
    ),
  );
}
