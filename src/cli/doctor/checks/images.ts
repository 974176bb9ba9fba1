import type { Accepted } from '../../../agent/state/accepted.ts';
import { compileSite } from '../../../compose/compile-site.ts';
import { messageOf, SourceError } from '../../../lib/errors.ts';
import { mapBounded } from '../../../lib/semaphore.ts';
import type { DesiredSite } from '../../../model/state.ts';
import { hasManifest } from '../../../registry/image/has-manifest.ts';
import { replaySnapshot } from '../../../source/recording.ts';
import { readValues } from '../../repo/desired.ts';
import { withImageRegistry } from '../../repo/image-registry.ts';
import type { AgentSettings } from '../../settings/agent-settings.ts';
import { sourceOptions } from '../../settings/source-settings.ts';
import { type Finding, ok, problem, warning } from '../finding.ts';
import type { Subject } from '../subject.ts';
import { SOURCE_ADVICE } from './repo.ts';

/** Images that are asked for, and at the same time. */
const MOST_IMAGES = 50;
const AT_ONCE = 4;
/** Milliseconds for one answer. */
const PATIENCE = 8_000;
/** Reasons that the line names. */
const TOLD = 3;

/** Can the images that the accepted state uses be pulled, from the network of the agent and with its logins? */
export async function checkImages(subject: Subject, signal: AbortSignal): Promise<Finding> {
  const accepted = await subject.accepted();
  if (!accepted) return ok('the agent has accepted no state yet, so no image is known');
  const all = imagesOf(await desiredOf(accepted, subject.settings));
  const asked = all.slice(0, MOST_IMAGES);
  const failures = await askFor(asked, subject, signal);
  if (failures.size === 0) return ok(countWords(asked.length, all.length));
  const here = await subject
    .engine()
    .then(async (engine) => (await engine.observe({ images: [...failures.keys()] })).images)
    .catch(() => ({}));
  return imagesFinding(failures, new Set(Object.keys(here)));
}

const countWords = (asked: number, all: number): string => {
  const count = `${asked} ${asked === 1 ? 'image' : 'images'}`;
  return asked === all ? `the registries have all ${count}` : `the registries have the first ${count} of ${all}`;
};

/** The finding about images that the registries do not give. `here`: those that are on the disk. */
export function imagesFinding(failures: ReadonlyMap<string, Error>, here: ReadonlySet<string>): Finding {
  const missing = [...failures.keys()].filter((image) => !here.has(image));
  const told = missing.length > 0 ? missing : [...failures.keys()];
  const reasons = told.slice(0, TOLD).map((image) => `${image}: ${messageOf(failures.get(image))}`);
  const rest = told.length > TOLD ? `; and ${told.length - TOLD} more` : '';
  const first = failures.get(told[0] ?? '');
  const todo = first instanceof SourceError ? imageAdvice(first) : 'try `docker pull IMAGE` on the site';
  const words = `${reasons.join('; ')}${rest}`;
  return missing.length > 0
    ? problem(`images are neither on the disk nor to be had: ${words}`, todo)
    : warning(`images cannot be pulled now, and are on the disk: ${words}`, todo);
}

const imageAdvice = ({ kind }: SourceError): string => {
  if (kind === 'auth') return 'run `docker login REGISTRY` with the DOCKER_CONFIG of the agent';
  if (kind === 'notFound') return 'correct the name or tag of the image in the repo, or push the image';
  return SOURCE_ADVICE[kind];
};

async function desiredOf(accepted: Accepted, { filesDir, secretsDir, values, maxFileBytes }: AgentSettings) {
  const entries = Object.values(accepted.apps);
  const origin = { description: accepted.url, name: 'accepted' };
  const snapshots = new Map(
    entries.map(({ placed, revision, recorded }) => [placed.name, replaySnapshot(revision, origin, recorded)]),
  );
  const localValues = values === undefined ? undefined : await readValues(values);
  return compileSite(
    { ...accepted.site, apps: entries.map(({ placed }) => placed) },
    ({ name }) => snapshots.get(name) ?? replaySnapshot('', origin, { files: {}, lists: {}, missing: [] }),
    { filesDir, secretsDir, maxFileBytes, localValues, placeholders: true },
  );
}

/** The images that are pulled, sorted. One whose name holds a value that is not known here is left out. */
function imagesOf({ apps }: DesiredSite): string[] {
  const services = apps.flatMap((app) => [...app.services, ...(app.syncHooks ?? []).map(({ service }) => service)]);
  const images = services
    .filter(({ pullPolicy }) => pullPolicy === 'missing' || pullPolicy === 'always')
    .flatMap(({ containers }) => containers.map(({ spec }) => spec.Image));
  return [...new Set(images)].filter((image) => !/[${}]/.test(image)).sort();
}

async function askFor(
  images: readonly string[],
  { settings, environment }: Subject,
  signal: AbortSignal,
): Promise<Map<string, Error>> {
  const { limits, ...options } = sourceOptions(settings, environment);
  const patient = { ...limits, idle: PATIENCE, total: PATIENCE };
  const failures = new Map<string, Error>();
  await mapBounded(images, AT_ONCE, async (image) => {
    const within = AbortSignal.any([signal, AbortSignal.timeout(PATIENCE)]);
    await withImageRegistry(image, patient, options, (registry, tag) => hasManifest(registry, tag, within)).catch(
      (error: Error) => failures.set(image, error),
    );
  });
  return failures;
}
