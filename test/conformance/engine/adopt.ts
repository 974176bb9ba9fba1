import { createHostFiles } from '../../../src/apply/host-files.ts';
import { compileApp } from '../../../src/compose/compile-app.ts';
import type { Engine } from '../../../src/engine/engine.ts';
import { systemClock } from '../../../src/lib/clock.ts';
import { emptyMemory } from '../../../src/model/memory.ts';
import { agentOptions } from '../../../src/plan/facts/policy.ts';
import { plan } from '../../../src/plan/plan.ts';
import { ANYWHERE } from '../../support/site/disk-files.ts';
import { memorySnapshot, placedApp } from '../../unit/compose/support.ts';
import type { EngineCase } from './case.ts';
import type { Place } from './make.ts';

/** Some kernels cannot limit it, and only a warning at creation tells: then it differs, whether Compose or Holdfast created the container. */
const UNREPORTED = 'input and output';

/** Operations that created and never started containers need in any case. */
const STARTING: readonly string[] = ['startContainer', 'copyFiles', 'await'];

/** The changes that a plan would make to a project that docker compose has just created, if an app adopted it. */
export async function changesOnAdoption(
  engine: Engine,
  { name, compose, files }: EngineCase,
  { root, project }: Place,
): Promise<string[]> {
  if (name === UNREPORTED) return [];
  const app = placedApp({ name: project, compose: ['compose.yaml'], nameIsFixed: true, adopt: true });
  const snapshot = memorySnapshot({ 'compose.yaml': compose, ...files });
  const stacks = await engine.stacks();
  const desired = await compileApp(app, 'conformance', snapshot, { filesDir: root, stacks });
  engine.forget();
  const images = desired.services.flatMap(({ containers }) => containers.map(({ spec }) => spec.Image));
  const actual = await engine.observe({ images, adopt: [project] });
  const onDisk = await createHostFiles(ANYWHERE).observe(desired.files);
  const site = {
    site: 'conformance',
    revision: 'r',
    apps: [desired],
    broken: [],
    allowEmpty: false,
    pruneThreshold: 100,
    confirmPrune: [],
  };
  const made = plan(site, { ...actual, files: onDisk }, emptyMemory(), systemClock.monotonic(), agentOptions);
  return made.apps.flatMap(({ operations, problems }) => [
    ...problems.flatMap(({ severity, message }) => (severity === 'error' ? [message] : [])),
    ...operations.flatMap((each) => (STARTING.includes(each.kind) ? [] : [`${each.kind}: ${each.reason}`])),
  ]);
}
