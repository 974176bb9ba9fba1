import type { Hook, Hooks } from '../../model/spec.ts';
import type { DesiredApp, DesiredContainer, DesiredService, SyncHook } from '../../model/state.ts';
import { type Around, type Ask, asksOf, type ClassesOf, type PlacedAsk } from '../asks.ts';
import { containerAsks } from './container.ts';
import { volumeAsks } from './mounts.ts';
import { networkAsks } from './networks.ts';

const HOOK = {
  command: 'harmless',
  user: (user) => [{ rule: 'hooks', value: 'user', words: `hooks: user ${user}` }],
  privileged: (isPrivileged) =>
    isPrivileged ? [{ rule: 'hooks', value: 'privileged', words: 'hooks: privileged: true' }] : [],
  workingDir: 'harmless',
  env: 'harmless',
} satisfies ClassesOf<Hook>;

const hookAsks = (hooks: readonly Hook[], around: Around): Ask[] => hooks.flatMap((hook) => asksOf(HOOK, hook, around));

const HOOKS = { postStart: hookAsks, preStop: hookAsks } satisfies ClassesOf<Hooks>;

const CONTAINER = {
  number: 'harmless',
  name: 'harmless',
  spec: containerAsks,
  filesDigest: 'harmless',
  covered: 'harmless',
  hidden: 'harmless',
  hooks: (hooks, around) => asksOf(HOOKS, hooks, around),
} satisfies ClassesOf<DesiredContainer>;

const SERVICE = {
  name: 'harmless',
  siteKeys: 'harmless',
  dependsOn: 'harmless',
  update: 'harmless',
  pullPolicy: 'harmless',
  // x-holdfast: failedJob.
  leavesFailed: 'harmless',
  containers: (containers, around) => containers.flatMap((each) => asksOf(CONTAINER, each, around)),
} satisfies ClassesOf<DesiredService>;

// x-holdfast: hook, hookTimeout.
const SYNC_HOOK = {
  phase: (phase) => [{ rule: 'hooks', value: phase, words: `x-holdfast: hook: ${phase}` }],
  timeoutMs: 'harmless',
  service: (service, around) => asksOf(SERVICE, service, around),
} satisfies ClassesOf<SyncHook>;

const APP = {
  name: 'harmless',
  revision: 'harmless',
  sync: 'harmless',
  pruneVolumes: 'harmless',
  suspend: 'harmless',
  syncWindows: 'harmless',
  requires: 'harmless',
  dependsOn: 'harmless',
  isElsewhere: 'harmless',
  ignoreDifferences: 'harmless',
  adopt: 'harmless',
  services: 'structure',
  syncHooks: 'structure',
  networks: (networks, around) => networks.flatMap((each) => networkAsks(each, around)),
  volumes: (volumes, around) => volumes.flatMap((each) => volumeAsks(each, around)),
  // The settings --files-dir and --project-root say where they may be: apply/guard-folders.ts.
  files: 'structure',
  encrypted: (files, { app, places: { keyed } }) =>
    files.flatMap(({ path }): Ask[] => [
      { rule: 'secrets', value: '', words: `the encrypted file ${path}` },
      ...(keyed === undefined || keyed.has(app.name)
        ? []
        : [
            {
              rule: 'sharedKeys' as const,
              value: '',
              words: `the encrypted file ${path}, without a key of the app's own`,
            },
          ]),
    ]),
  directory: 'structure',
  folder: 'structure',
  // Binds of such paths are mounts of a container.
  outside: 'structure',
  warnings: 'harmless',
  missing: 'harmless',
  // The policy itself says so.
  forbidden: 'structure',
} satisfies ClassesOf<DesiredApp>;

/** All that an app asks of its site: its networks and volumes, then its services and hooks. Replicas ask for the same, which is told once. */
export function appAsks(around: Around): PlacedAsk[] {
  const { app } = around;
  const services = app.services.flatMap((service) =>
    asksOf(SERVICE, service, around).map((ask): PlacedAsk => ({ ...ask, service: service.name })),
  );
  const hooks = (app.syncHooks ?? []).flatMap((hook) =>
    asksOf(SYNC_HOOK, hook, around).map((ask): PlacedAsk => ({ ...ask, service: hook.service.name })),
  );
  const told = new Set<string>();
  return [...asksOf(APP, app, around), ...services, ...hooks].filter(({ service, rule, value, words }: PlacedAsk) => {
    const key = JSON.stringify([service, rule, value, words]);
    return !told.has(key) && told.add(key);
  });
}
