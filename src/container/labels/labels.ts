import type { HookMark } from '../../model/app/hook-phase.ts';
import type { ContainerLabels } from '../../model/plan.ts';
import type { ContainerSpec, Identity, NetworkSpec, VolumeSpec } from '../../model/spec.ts';
import type { ComposedContainer } from '../../model/state.ts';
import { ASKED_LABEL, askedOf, askedOfNetwork } from './asked.ts';
import { composeNetworkHash, composeVolumeHash } from './compose-hash.ts';
import { specHash } from './hash.ts';
import { COMPOSE, OURS } from './managed.ts';

/** The release of Compose that writes these labels; tools show it. */
const COMPOSE_VERSION = '2.40.3';

type Labels = Record<string, string>;

/**
 * The labels of a container besides the user's. Holdfast reads ownership from its own; `docker compose ps` and other tools find the
 * container by Compose's labels.
 */
export function containerLabels(
  identity: Identity,
  labels: ContainerLabels,
  spec: ContainerSpec,
  imageId?: string,
  agent?: string,
): Labels {
  const { site, app, service, number } = identity;
  return {
    ...markOf(agent),
    [`${OURS}site`]: site,
    [`${OURS}app`]: app,
    [`${OURS}service`]: service,
    [`${OURS}number`]: String(number),
    [`${OURS}spec-hash`]: labels.specHash,
    [`${OURS}files-digest`]: labels.filesDigest,
    [`${OURS}content-digest`]: labels.contentDigest,
    [`${OURS}hooks-digest`]: labels.hooksDigest,
    ...(labels.hidden.length > 0 && { [`${OURS}hidden`]: labels.hidden.map(encodeURIComponent).join(' ') }),
    [ASKED_LABEL]: askedOf(spec),
    [`${COMPOSE}project`]: app,
    [`${COMPOSE}service`]: service,
    [`${COMPOSE}container-number`]: String(number),
    ...(labels.syncHook && {
      [`${OURS}hook`]: labels.syncHook.phase,
      [`${OURS}change`]: labels.syncHook.change,
    }),
    [`${COMPOSE}oneoff`]: 'False',
    [`${COMPOSE}config-hash`]: labels.specHash,
    [`${COMPOSE}depends_on`]: labels.dependsOn,
    [`${COMPOSE}project.working_dir`]: labels.workingDir,
    // Files are in Git; without the label `docker compose ls` complains.
    [`${COMPOSE}project.config_files`]: '',
    [`${COMPOSE}version`]: COMPOSE_VERSION,
    ...(imageId && { [`${COMPOSE}image`]: imageId }),
  };
}

/** Names the agent that made something, by the ID of its state folder. It is never compared. */
const markOf = (agent: string | undefined): Labels => (agent === undefined ? {} : { [`${OURS}agent`]: agent });

/** A container as its labels describe it. */
export interface ReadLabels {
  identity: Identity;
  adopted?: true;
  specHash: string;
  filesDigest: string | undefined;
  contentDigest: string | undefined;
  hooksDigest: string | undefined;
  /** Variables whose values nobody may see; absent: none, or the label is missing. */
  hidden?: string[];
  /** The agent that made it; absent where no agent did. */
  agent?: string;
  /** Services of the same app that had to run before it. */
  dependsOn: string[];
  /** It is a run of a hook. */
  syncHook?: HookMark;
}

/**
 * Reads the labels of a container; undefined if it does not belong to this site, a sentence if its labels contradict themselves. `adopt` names the
 * apps whose containers belong to this site even if `docker compose` made them.
 */
export function readContainerLabels(
  labels: Labels | null | undefined,
  site: string,
  adopt: ReadonlySet<string> = new Set(),
): ReadLabels | string | undefined {
  if (!labels) return undefined;
  if (labels[`${OURS}site`] === undefined) return readAdopted(labels, site, adopt);
  if (labels[`${OURS}site`] !== site) return undefined;
  const app = labels[`${OURS}app`];
  const service = labels[`${OURS}service`];
  const number = labels[`${OURS}number`] ?? '';
  if (!app) return `its label ${OURS}app is missing`;
  if (!service) return `its label ${OURS}service is missing`;
  if (!isNumber(number)) return wrongNumber(`${OURS}number`, number);
  return {
    identity: { site, app, service, number: Number(number) },
    specHash: labels[`${OURS}spec-hash`] ?? '',
    filesDigest: labels[`${OURS}files-digest`],
    contentDigest: labels[`${OURS}content-digest`],
    hooksDigest: labels[`${OURS}hooks-digest`],
    ...(labels[`${OURS}agent`] && { agent: labels[`${OURS}agent`] as string }),
    ...(labels[`${OURS}hidden`] && { hidden: readHidden(labels[`${OURS}hidden`] as string) }),
    dependsOn: readDependsOn(labels),
    ...(labels[`${OURS}hook`] && {
      syncHook: { phase: labels[`${OURS}hook`] as string, change: labels[`${OURS}change`] ?? '' },
    }),
  };
}

/** A label that somebody wrote by hand may be anything. */
const readHidden = (label: string): string[] =>
  label.split(' ').map((name) => {
    try {
      return decodeURIComponent(name);
    } catch {
      return name;
    }
  });

function readAdopted(labels: Labels, site: string, adopt: ReadonlySet<string>): ReadLabels | string | undefined {
  const app = labels[`${COMPOSE}project`];
  if (app === undefined || !adopt.has(app) || labels[`${COMPOSE}oneoff`] !== 'False') return undefined;
  const service = labels[`${COMPOSE}service`];
  const number = labels[`${COMPOSE}container-number`] ?? '';
  if (!service) return `its label ${COMPOSE}service is missing`;
  if (!isNumber(number)) return wrongNumber(`${COMPOSE}container-number`, number);
  const identity = { site, app, service, number: Number(number) };
  return {
    identity,
    adopted: true,
    specHash: '',
    filesDigest: undefined,
    contentDigest: undefined,
    hooksDigest: undefined,
    dependsOn: readDependsOn(labels),
  };
}

/** The services of Compose's label `service:condition:restart,…`. */
const readDependsOn = (labels: Labels): string[] =>
  (labels[`${COMPOSE}depends_on`] ?? '').split(',').flatMap((each) => each.split(':')[0] || []);

const isNumber = (text: string): boolean => /^[1-9]\d{0,8}$/.test(text);
const wrongNumber = (label: string, text: string): string =>
  `its label ${label} is ${JSON.stringify(text)}, not a number from 1`;

/**
 * True if the labels of ownership come from the image: each `docker run` of that image would have them. Takes the labels of the
 * container and those of its image. `docker compose build` labels its images with project and service, so an adopted container is known by `oneoff`.
 */
export function isByImage(labels: Labels | null | undefined, image: Labels | undefined): boolean {
  const key = labels?.[`${OURS}site`] === undefined ? `${COMPOSE}oneoff` : `${OURS}site`;
  return image !== undefined && Object.hasOwn(image, key);
}

/** True if Compose's labels, or the one that names the folder, come from the image. */
export const isComposedByImage = (image: Labels | undefined): boolean =>
  image !== undefined && (readComposed(image) !== undefined || Object.hasOwn(image, `${COMPOSE}project.working_dir`));

/**
 * The labels of an image that would say who owns a container; no container is created from such an image. Compose's labels matter only for an
 * app that adopts: `adopting` names it. `docker compose build` labels its images with the project, and the app's own project is fine.
 */
export const claimingLabels = (image: Labels | undefined, adopting?: string): string[] =>
  Object.entries(image ?? {})
    .filter(
      ([name, value]) => name.startsWith(OURS) || (adopting !== undefined && isComposeClaim(name, value, adopting)),
    )
    .map(([name]) => name)
    .sort();

const isComposeClaim = (name: string, value: string, app: string): boolean =>
  name === `${COMPOSE}oneoff` || (name === `${COMPOSE}project` && value !== app);

/** The reason why an app may not use an image; undefined if it may. */
export function imageRefusal(reference: string, image: Labels | undefined, adopting?: string): string | undefined {
  const [first, ...others] = claimingLabels(image, adopting);
  if (first === undefined) return undefined;
  const more = others.length > 0 ? ` and ${others.length} more like it` : '';
  return `image ${reference} has the label ${first}${more}, which says whose a container is: use an image that is built without`;
}

/** Reads Compose's labels of a container without a site; undefined for one-off containers and all others. */
export function readComposed(labels: Labels | null | undefined): Omit<ComposedContainer, 'id' | 'name'> | undefined {
  if (!labels || labels[`${OURS}site`] !== undefined || labels[`${COMPOSE}oneoff`] !== 'False') return undefined;
  const [project, service] = [labels[`${COMPOSE}project`], labels[`${COMPOSE}service`]];
  if (!project || !service) return undefined;
  const number = Number(labels[`${COMPOSE}container-number`] ?? '1');
  return { project, service, number, directory: labels[`${COMPOSE}project.working_dir`] ?? '' };
}

/** The folder that a container of this site was created from, and its app; undefined for other containers. */
export function readDirectory(
  labels: Labels | null | undefined,
  site: string,
): { app: string; directory: string } | undefined {
  if (labels?.[`${OURS}site`] !== site) return undefined;
  const [app, directory] = [labels[`${OURS}app`], labels[`${COMPOSE}project.working_dir`]];
  return app && directory ? { app, directory } : undefined;
}

/** The owner of a network or volume, with its key in the Compose file. */
export interface Owner {
  site: string;
  app: string;
  key: string;
}

/** The labels of a network besides the user's. */
export const networkLabels = (owner: Owner, spec: NetworkSpec, agent?: string): Labels => ({
  ...markOf(agent),
  ...resourceLabels('network', owner, spec, composeNetworkHash(spec)),
  [ASKED_LABEL]: askedOfNetwork(spec),
});

/** The labels of a volume besides the user's. */
export const volumeLabels = (owner: Owner, spec: VolumeSpec, agent?: string): Labels => ({
  ...markOf(agent),
  ...resourceLabels('volume', owner, spec, composeVolumeHash(spec)),
});

function resourceLabels(
  kind: 'network' | 'volume',
  { site, app, key }: Owner,
  spec: object,
  composeHash: string,
): Labels {
  return {
    [`${OURS}site`]: site,
    [`${OURS}app`]: app,
    [`${OURS}key`]: key,
    [`${OURS}spec-hash`]: specHash(spec),
    [`${COMPOSE}project`]: app,
    [`${COMPOSE}${kind}`]: key,
    [`${COMPOSE}config-hash`]: composeHash,
    [`${COMPOSE}version`]: COMPOSE_VERSION,
  };
}

/** The Compose project that made a network; undefined if it has a site's labels, or none. */
export const readProject = (labels: Labels | null | undefined): string | undefined =>
  labels?.[`${OURS}site`] === undefined ? labels?.[`${COMPOSE}project`] : undefined;

/** undefined if there are no labels of a site. */
export function readOwner(labels: Labels | null | undefined): { owner: Owner; specHash: string } | undefined {
  const [site, app, key] = ['site', 'app', 'key'].map((name) => labels?.[`${OURS}${name}`]);
  if (!site || !app || !key) return undefined;
  return { owner: { site, app, key }, specHash: labels?.[`${OURS}spec-hash`] ?? '' };
}
