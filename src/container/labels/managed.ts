export const OURS = 'dev.holdfast.';
export const COMPOSE = 'com.docker.compose.';

/** A label that says whose something is, ours or Compose's; never one of the user's. */
export const isManagedLabel = (name: string): boolean => name.startsWith(OURS) || name.startsWith(COMPOSE);
