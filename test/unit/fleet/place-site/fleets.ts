import { expect } from '@jest/globals';
import { placeSite } from '../../../../src/fleet/place-site.ts';
import { InputError } from '../../../../src/lib/errors.ts';
import { memorySnapshot } from '../../../support/values/memory-snapshot.ts';

export const FLEET = 'apiVersion: holdfast/v1\nkind: Fleet\n';

export const SITE = 'apiVersion: holdfast/v1\nkind: Site\n';

export const APP = 'apiVersion: holdfast/v1\nkind: Application\n';

export const COMPOSE = 'services: {}\n';

/** The lines of the InputError that it ends with. */
export async function refusal(promise: Promise<unknown>): Promise<string[]> {
  const error = await promise.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  if (!(error instanceof InputError)) throw new Error(`expected an InputError, got ${String(error)}`);
  return error.message.split('\n');
}

export const fleet = (files: Record<string, string> = {}) =>
  memorySnapshot({
    'fleet.yaml': FLEET,
    'sites/one.yaml': SITE,
    'apps/web/app.yaml': APP,
    'apps/web/compose.yaml': COMPOSE,
    ...files,
  });

/** The problems of one broken app. */
export async function brokenBy(files: Record<string, string>): Promise<unknown> {
  const { broken, apps } = await placeSite(fleet(files), {});
  expect(apps).toEqual([]);
  return new InputError(broken.flatMap(({ problems }) => problems)).message.split('\n');
}
