/** The one site of a story. */
export const SITE = 'site';

/** Apps of stories whose Applications say `adopt: true`; in a story an app never changes its mind. */
export const ADOPTING: ReadonlySet<string> = new Set(['till']);

type Labels = Readonly<Record<string, string>> | null | undefined;

/** True when a container is the site's by Compose's labels alone. */
export const isAdopted = (labels: Labels): boolean =>
  labels?.['dev.holdfast.site'] === undefined &&
  ADOPTING.has(labels?.['com.docker.compose.project'] ?? '') &&
  labels?.['com.docker.compose.oneoff'] === 'False';
