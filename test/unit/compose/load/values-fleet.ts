import { expect } from '@jest/globals';
import { compileSite } from '../../../../src/compose/compile-site.ts';
import type { CompileOptions } from '../../../../src/compose/load/values/values.ts';
import { placeSite } from '../../../../src/fleet/place-site.ts';
import { formatProblem, InputError } from '../../../../src/lib/errors.ts';
import type { DesiredContainer } from '../../../../src/model/state.ts';
import { generateIdentity, type Identity } from '../../../../src/secrets/crypt/identity.ts';
import { siteSecrets } from '../../../../src/secrets/site-secrets.ts';
import { sealedFile } from '../../../support/secrets/sealed-file.ts';
import { memorySnapshot } from '../../../support/values/memory-snapshot.ts';

export const [KEY, OTHER] = [await generateIdentity(), await generateIdentity()];
export const PLAIN = 'weasel-17320508';
export const head = 'apiVersion: holdfast/v1\nkind: ';
export const sealed = (name: string, plain: string, dataKey = 1, key = KEY) =>
  sealedFile(name, plain, { recipients: [key.recipient], dataKey: Buffer.alloc(32, dataKey) });
export const fleet = (files: Record<string, string>, compose = 'environment: { A: "${A}" }') => ({
  'fleet.yaml': `${head}Fleet\n`,
  'sites/eu/shop.yaml': `${head}Site\n`,
  'apps/pos/app.yaml': `${head}Application\n`,
  'apps/pos/compose.yaml': `services:\n  web:\n    image: busybox\n    ${compose}\n`,
  ...files,
});
export const spec = (kind: string, text: string): string => `${head}${kind}\nspec:\n  ${text}\n`;
export const withKey = (
  keys: readonly Identity[] = [KEY],
  apps: Record<string, Identity[]> = {},
): Partial<CompileOptions> => ({
  secrets: siteSecrets({ site: keys, apps: new Map(Object.entries(apps)) }, Buffer.alloc(32, 7)),
});

export async function compiled(files: Record<string, string>, options: Partial<CompileOptions> = {}) {
  const snapshot = memorySnapshot(files);
  const placed = await placeSite(snapshot, { site: 'eu/shop' });
  return compileSite(placed, snapshot, { filesDir: '/files', ...options });
}
export async function container(
  files: Record<string, string>,
  options?: Partial<CompileOptions>,
): Promise<DesiredContainer> {
  const { apps, broken } = await compiled(files, options);
  expect(broken).toEqual([]);
  return apps[0]?.services[0]?.containers[0] as DesiredContainer;
}
export const env = async (files: Record<string, string>, options?: Partial<CompileOptions>) =>
  (await container(files, options)).spec.Env;
export async function refused(files: Record<string, string>, options?: Partial<CompileOptions>): Promise<string> {
  try {
    const { broken } = await compiled(files, options);
    return broken.flatMap(({ problems }) => problems.map(formatProblem)).join('\n');
  } catch (error) {
    if (error instanceof InputError) return error.problems.map(formatProblem).join('\n');
    throw error;
  }
}
