/** Settings of `docker compose` itself that a `.env` may hold. Source: Compose's documentation, "Pre-defined environment variables". */
export interface ComposeSettings {
  /** COMPOSE_PROJECT_NAME, which comes before a `name:` in the Compose files. */
  name?: string;
  /** COMPOSE_FILE: Compose files in merge order, relative to the folder of the `.env`. */
  files?: string[];
  /** COMPOSE_PROFILES. */
  profiles?: string[];
}

/** The settings that the variables of a `.env` give to `docker compose`. As there, an empty name or list of profiles says nothing, an empty list of files is one empty path. */
export function composeSettings(variables: ReadonlyMap<string, string>): ComposeSettings {
  const name = variables.get('COMPOSE_PROJECT_NAME');
  const files = variables.get('COMPOSE_FILE')?.split(variables.get('COMPOSE_PATH_SEPARATOR') || ':');
  const profiles = (variables.get('COMPOSE_PROFILES') ?? '')
    .split(',')
    .map((profile) => profile.trim())
    .filter(Boolean);
  return { ...(name && { name }), ...(files && { files }), ...(profiles.length > 0 && { profiles }) };
}
