import { compileApp } from '../../../src/compose/compile-app.ts';
import type { CompileOptions } from '../../../src/compose/load/values/values.ts';
import { InputError } from '../../../src/lib/errors.ts';
import type { PlacedApp } from '../../../src/model/fleet.ts';
import type { Entry, Snapshot } from '../../../src/model/snapshot.ts';
import type { ContainerSpec } from '../../../src/model/spec.ts';
import type { DesiredApp } from '../../../src/model/state.ts';

/** Content of a file; `link` is a symbolic link, `exec` an executable. */
export type TestFile = string | Uint8Array | { link: string } | { exec: string };

/** A snapshot held in memory. */
export function memorySnapshot(files: Record<string, TestFile>): Snapshot {
  return {
    origin: { description: 'test', name: 'repo' },
    revision: 'abc123',
    async read(path) {
      const file = Object.hasOwn(files, path) ? files[path] : undefined;
      if (file === undefined || (typeof file === 'object' && 'link' in file)) return undefined;
      if (file instanceof Uint8Array) return { content: file, executable: false };
      const text = typeof file === 'string' ? file : file.exec;
      return { content: new TextEncoder().encode(text), executable: typeof file !== 'string' };
    },
    async list(dir) {
      const prefix = dir === '' ? '' : `${dir}/`;
      const entries = new Map<string, Entry>();
      for (const [path, file] of Object.entries(files)) {
        if (!path.startsWith(prefix)) continue;
        const [name = '', ...rest] = path.slice(prefix.length).split('/');
        const leaf = typeof file === 'object' && 'link' in file ? 'symlink' : 'file';
        entries.set(name, { name, kind: rest.length > 0 ? 'dir' : leaf });
      }
      if (entries.size === 0) return undefined;
      return [...entries.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
    },
  };
}

export function placedApp(changes: Partial<PlacedApp> = {}): PlacedApp {
  return {
    name: 'app',
    nameIsFixed: true,
    folder: '',
    compose: ['compose.yaml'],
    profiles: [],
    sync: { automated: { prune: true, selfHeal: true, allowEmpty: false } },
    pruneVolumes: false,
    suspend: false,
    values: {},
    siteValues: [],
    ...changes,
  };
}

export interface Extras {
  app?: Partial<PlacedApp>;
  files?: Record<string, TestFile>;
  options?: Partial<CompileOptions>;
}

/** Compiles one Compose file as the app `app` of the site `shop`. */
export function compile(text: string, { app, files, options }: Extras = {}): Promise<DesiredApp> {
  const snapshot = memorySnapshot({ 'compose.yaml': text, ...files });
  return compileApp(placedApp(app), 'shop', snapshot, { filesDir: '/files', ...options });
}

/** The spec of the first container of the service `s`, whose keys are given, indented by nothing. */
export async function specOf(keys: string, extras: Extras & { more?: string } = {}): Promise<ContainerSpec> {
  const app = await compile(`${serviceText(keys)}${extras.more ?? ''}`, extras);
  const spec = app.services.find((service) => service.name === 's')?.containers[0]?.spec;
  if (!spec) throw new Error('the service s has no container');
  return spec;
}

/** A Compose file whose service `s` has these keys besides an image; the first of them is at line 4, column 5. */
export function serviceText(keys: string): string {
  const indented = keys.split('\n').map((line) => (line === '' ? line : `    ${line}`));
  return `services:\n  s:\n    image: busybox\n${indented.join('\n')}\n`;
}

/** The problems that compiling ends in, one a line. */
export async function problemsOf(promise: Promise<unknown>): Promise<string> {
  try {
    await promise;
  } catch (error) {
    if (error instanceof InputError) return error.message;
    throw error;
  }
  throw new Error('it was accepted');
}

/** The same for the keys of a service. */
export function serviceProblems(keys: string, extras: Extras & { more?: string } = {}): Promise<string> {
  return problemsOf(compile(`${serviceText(keys)}${extras.more ?? ''}`, extras));
}
