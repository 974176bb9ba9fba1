import { expect, test } from '@jest/globals';
import { run } from '../../../src/cli/program.ts';
import { SCHEMAS } from '../../../src/fleet/schema/schemas.ts';
import { captureWritten, forgetWritten, written } from '../../support/program/written.ts';

captureWritten();

test('the kinds are listed, and each is printed as it is in the package', async () => {
  expect(await run(['schema'])).toBe(0);
  for (const kind of Object.keys(SCHEMAS)) expect(written).toMatch(new RegExp(`^${kind} +\\w`, 'm'));
  forgetWritten();
  expect(await run(['schema', 'fleet'])).toBe(0);
  expect(JSON.parse(written)).toEqual(SCHEMAS.Fleet);
});

test('an unknown kind is bad input, with a hint', async () => {
  expect(await run(['schema', 'Aplication'])).toBe(2);
  expect(written).toContain('there is no kind Aplication (did you mean Application?)');
});
