export type Credentials = { username: string; password: string } | { bearer: string };

/**
 * Called before every request that needs credentials, so that a rotated token is picked up. `refused`: the server did not accept the
 * credentials given last, so a provider that remembers them must forget them.
 */
export type CredentialsProvider = (asked?: CredentialsQuestion) => Promise<Credentials | undefined>;

export interface CredentialsQuestion {
  refused: boolean;
  /** The user in the repo's URL, for credentials that name none. */
  username?: string | undefined;
  /** Aborted when the answer is no longer needed. */
  signal?: AbortSignal;
}
