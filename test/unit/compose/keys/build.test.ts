import { describe, expect, test } from '@jest/globals';
import { compile, type Extras, problemsOf } from '../support.ts';

const lone: Extras = { app: { name: 'shop', nameIsFixed: false } };
const alone = (keys: string): string => `services:\n  web:\n    ${keys}\n`;

describe('a service with build and no image', () => {
  test('runs the image of docker compose build for a lone Compose file, and never pulls it', async () => {
    const { services, warnings } = await compile(alone('build: {context: ../web}'), lone);
    expect(services[0]).toMatchObject({ pullPolicy: 'built', containers: [{ spec: { Image: 'shop-web' } }] });
    expect(warnings.map(({ message }) => message)).toEqual([
      'build has no effect: Holdfast builds no image, and a site runs the one that `image` names',
      'the service web names no image, so it runs shop-web: the one that `docker compose build` makes, where the engine has it; Holdfast neither builds nor pulls it',
    ]);
    expect(warnings.map(({ at }) => at)).toEqual(Array(2).fill({ file: 'compose.yaml', line: 3, column: 5 }));
  });

  test('is refused in a fleet, with the line to write', async () => {
    expect(await problemsOf(compile(alone('build: .')))).toBe(
      'compose.yaml:3:5: the service web names no image, and Holdfast builds none (build it in CI and write the line `image: REGISTRY/app-web:TAG` beside build)',
    );
  });

  test('is refused where its name can be that of no image', async () => {
    expect(await problemsOf(compile('services: {Web: {build: .}}', lone))).toBe(
      'compose.yaml:1:18: the service Web names no image, and shop-Web cannot be the name of an image (name an image, or write the name of the service in lower case)',
    );
  });
});

test('beside an image, build changes nothing, and a variable that it alone names needs no value', async () => {
  const built = await compile(alone('image: x\n    build: &a "$NONE"\n    pull_policy: build'));
  expect(built.services).toEqual((await compile(alone('image: x'))).services);
  expect(await problemsOf(compile(alone('image: x\n    build: &a "$NONE"\n    user: *a')))).toMatch(
    /^compose.yaml:4:15: the variable NONE has no value/,
  );
  expect(await problemsOf(compile(alone('image: x\n    build: "${NONE?}"')))).toMatch(
    /^compose.yaml:4:12: the required variable NONE has no value/,
  );
});
