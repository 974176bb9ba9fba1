export const OURS = 'dev.holdfast.';
export const COMPOSE = 'com.docker.compose.';

/** A label of ownership, Holdfast's or Compose's; never one of the user's. */
const isManagedLabel = (name: string): boolean => name.startsWith(OURS) || name.startsWith(COMPOSE);

/** The labels that are the user's. */
export const usersLabels = (labels: Record<string, string> | null | undefined): Record<string, string> =>
  Object.fromEntries(Object.entries(labels ?? {}).filter(([name]) => !isManagedLabel(name)));
