/** Settings of `docker compose` itself in a `.env`. Source: Compose's documentation, "Pre-defined environment variables". */
export interface ComposeSettings {
  /** COMPOSE_PROJECT_NAME; it overrides `name:` in the Compose files. */
  name?: string | undefined;
  /** COMPOSE_FILE: Compose files in merge order, relative to the folder of the `.env`. */
  files?: string[] | undefined;
  /** COMPOSE_PROFILES. */
  profiles?: string[] | undefined;
}

/** Reads the settings as Compose does: an empty name or list of profiles counts as absent, an empty list of files as one empty path. */
export function composeSettings(variables: ReadonlyMap<string, string>): ComposeSettings {
  const name = variables.get('COMPOSE_PROJECT_NAME');
  const files = variables.get('COMPOSE_FILE')?.split(variables.get('COMPOSE_PATH_SEPARATOR') || ':');
  const profiles = (variables.get('COMPOSE_PROFILES') ?? '')
    .split(',')
    .map((profile) => profile.trim())
    .filter(Boolean);
  return { name: name || undefined, files, profiles: profiles.length > 0 ? profiles : undefined };
}
