import { createHash } from 'node:crypto';
import { filesGoal } from '../../container/labels/files-digest.ts';
import { containerHash, contentDigest, coveredSpec, hooksDigest } from '../../container/labels/hash.ts';
import type { DesiredApp, DesiredContainer, DesiredService } from '../../model/state.ts';
import type { Retry } from '../../model/subject.ts';

/** The wanted state of a slot in one string: another one means that Git asks for something else. */
export const goalOf = (wanted: DesiredContainer): string =>
  [containerHash(wanted), filesGoal(wanted.filesDigest), contentDigest(wanted.spec.Files), hooksDigest(wanted.hooks)]
    .filter(Boolean)
    .join('.');

/** Everything that an app asks of its site, in one string. A commit that does not change the app does not change it. */
export function appDigest(app: DesiredApp): string {
  const asked = {
    services: app.services.map(({ name, dependsOn, pullPolicy, containers }) => ({
      name,
      dependsOn,
      pullPolicy,
      containers: containers.map((container) => [container.number, container.name, goalOf(container)]),
    })),
    networks: app.networks,
    volumes: app.volumes,
    ignoreDifferences: app.ignoreDifferences,
    files: app.files.map(({ path, digest, mode }) => [path, digest, mode]),
    // An app that was stopped is to start when its policy allows it again.
    isStopped: app.forbidden?.isStopped || undefined,
  };
  return createHash('sha256').update(JSON.stringify(asked)).digest('hex').slice(0, 16);
}

/**
 * Everything that an app makes of its site, in one string: all that creates, replaces or removes something. The policies that say when it happens are not
 * in it, and neither is the commit.
 */
export function changeDigest(app: DesiredApp): string {
  const known = changeDigests.get(app);
  if (known !== undefined) return known;
  const digest = digestOfChange(app);
  changeDigests.set(app, digest);
  return digest;
}

/** A desired app never changes, and each pass asks for its digest. */
const changeDigests = new WeakMap<DesiredApp, string>();

function digestOfChange(app: DesiredApp): string {
  const {
    revision: _,
    warnings: _w,
    missing: _m,
    encrypted: _en,
    outside: _o,
    sync: _s,
    suspend: _su,
    syncWindows: _sw,
    dependsOn: _d,
    isElsewhere: _e,
    forbidden: _fo,
    ...wanted
  } = app;
  const files = app.files.map(({ path, digest, mode }) => [path, digest, mode]);
  const services = app.services.map(withoutCovered);
  const syncHooks = app.syncHooks?.map((hook) => ({ ...hook, service: withoutCovered(hook.service) }));
  const text = JSON.stringify({ ...wanted, services, syncHooks, files }, (key, value: unknown) => {
    if (key === 'filesDigest') return filesGoal(String(value));
    return value instanceof Uint8Array ? Buffer.from(value).toString('base64') : value;
  });
  return createHash('sha256').update(text).digest('hex').slice(0, 32);
}

/** With digests in place of the values that were decrypted. */
const withoutCovered = (service: DesiredService) => ({
  ...service,
  containers: service.containers.map(({ covered, hidden: _, ...container }) => ({
    ...container,
    spec: coveredSpec({ ...container, covered }),
  })),
});

/** The retry of post_start hooks: other hooks in Git are another goal. */
export const hooksRetry = ({ hooks }: DesiredContainer): Retry => ({
  purpose: 'hooks',
  goal: hooksDigest(hooks),
  counts: 'failures',
});
