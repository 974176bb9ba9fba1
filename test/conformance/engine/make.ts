import { execFile } from 'node:child_process';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { compileApp } from '../../../src/compose/compile-app.ts';
import { isAnonymousName } from '../../../src/container/fields/mounts.ts';
import type { EngineApi } from '../../../src/engine/api.ts';
import type { Engine } from '../../../src/engine/engine.ts';
import { systemClock } from '../../../src/lib/clock.ts';
import { emptyMemory } from '../../../src/model/memory.ts';
import type { ContainerRef } from '../../../src/model/plan.ts';
import { agentOptions } from '../../../src/plan/facts/policy.ts';
import { plan } from '../../../src/plan/plan.ts';
import { memorySnapshot, placedApp } from '../../unit/compose/support.ts';
import type { EngineCase } from './case.ts';

const run = promisify(execFile);

/** Where the project of a case lies: the same folder for both, since relative binds are made absolute against it. */
export interface Place {
  /** The folder's parent. */
  root: string;
  project: string;
}

const filesOf = ({ compose, files }: EngineCase): Record<string, string> => ({ 'compose.yaml': compose, ...files });

/** `docker compose up --no-start`: all is made, and nothing runs that would change it. */
export async function makeWithPeer(
  peer: string,
  host: string,
  one: EngineCase,
  { root, project }: Place,
): Promise<void> {
  const folder = join(root, project);
  await rm(folder, { recursive: true, force: true });
  for (const [path, text] of Object.entries(filesOf(one))) {
    await mkdir(dirname(join(folder, path)), { recursive: true });
    await writeFile(join(folder, path), text);
  }
  await run(peer, ['-p', project, 'up', '--no-start', '--quiet-pull'], {
    cwd: folder,
    env: { PATH: '/nowhere', HOME: root, DOCKER_HOST: host },
  });
}

/** Everything that a plan makes before it starts anything. */
const MAKING = ['createNetwork', 'createVolume', 'createContainer', 'connectNetwork'] as const;

export async function makeWithHoldfast(engine: Engine, one: EngineCase, { root, project }: Place): Promise<void> {
  const app = placedApp({ name: project, compose: ['compose.yaml'], nameIsFixed: true });
  const desired = await compileApp(app, 'conformance', memorySnapshot(filesOf(one)), { filesDir: root });
  const site = {
    site: 'conformance',
    revision: 'r',
    apps: [desired],
    broken: [],
    allowEmpty: false,
    pruneThreshold: 100,
    confirmPrune: [],
  };
  engine.forget();
  const images = desired.services.flatMap(({ containers }) => containers.map(({ spec }) => spec.Image));
  const actual = await engine.observe({ images });
  const { apps } = plan(site, actual, emptyMemory(), systemClock.monotonic(), agentOptions);
  const [drafted] = apps;
  const problems = (drafted?.problems ?? []).filter(({ severity }) => severity === 'error');
  if (!drafted || problems.length > 0) throw new Error(problems.map(({ message }) => message).join('; ') || 'no plan');

  const created = new Map<number, string>();
  const resolve = (ref: ContainerRef): string => (ref.id !== undefined ? ref.id : (created.get(ref.createdBy) ?? ''));
  const signal = new AbortController().signal;
  for (const operation of drafted.operations) {
    if (!isMaking(operation)) continue;
    const { containerId } = await engine.perform(operation, { app: project, resolve, signal });
    if (containerId) created.set(operation.id, containerId);
  }
}

function isMaking<T extends { kind: string }>(operation: T): operation is T & { kind: (typeof MAKING)[number] } {
  return (MAKING as readonly string[]).includes(operation.kind);
}

/** Removes what carries the project's label, and the unnamed volumes of its containers. */
export async function unmake(api: EngineApi, project: string): Promise<void> {
  const isMine = (labels: Record<string, string> | null | undefined) =>
    labels?.['com.docker.compose.project'] === project;
  const unnamed = new Set<string>();
  for (const { Id, Labels } of await api.listContainers()) {
    if (!isMine(Labels)) continue;
    const { Mounts } = await api.inspectContainer(Id);
    for (const { Type, Name = '' } of Mounts ?? []) if (Type === 'volume' && isAnonymousName(Name)) unnamed.add(Name);
    await api.removeContainer(Id, true);
  }
  for (const name of unnamed) await api.removeVolume(name);
  for (const { Id, Name, Labels } of await api.listNetworks()) if (isMine(Labels)) await api.removeNetwork(Id ?? Name);
  for (const { Name, Labels } of await api.listVolumes()) if (isMine(Labels)) await api.removeVolume(Name);
}
