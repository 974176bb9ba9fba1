import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { basename, join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, describe, expect, test } from '@jest/globals';
import { composeConfig } from '../../src/compose/config/project.ts';
import { findLoneFiles, inFolder } from '../../src/fleet/compose-files.ts';
import { InputError } from '../../src/lib/errors.ts';
import { folderSnapshot } from '../../src/source/folder-snapshot.ts';
import { placedApp } from '../unit/compose/support.ts';
import { type LoaderCase, loaderCases } from './loader-case.ts';
import { normalised } from './loader-normalise.ts';
import { conformanceTable, type Row } from './table.ts';

const peer = process.env.COMPOSE_PEER ?? '';
const run = promisify(execFile);
const cases = await loaderCases();

/** The output of one of the two, or its refusal. */
type Answer = { config: string } | { refusal: string };

(existsSync(peer) ? describe : describe.skip)('render --format compose beside docker-compose config', () => {
  const rows: Row[] = [];
  afterAll(() => {
    process.stdout.write(`\n${conformanceTable('Loader', rows)}`);
  });

  test('there are at least 150 cases', () => expect(cases.length).toBeGreaterThanOrEqual(150));

  test.each(cases)('$name', async (one) => {
    const [theirs, ours] = await Promise.all([peerAnswer(one), ourAnswer(one)]);
    const row: Row = { name: one.name, outcome: 'different' };
    rows.push(row);
    if (one.refused === undefined) {
      expect(configOf(ours)).toEqual(configOf(theirs));
      row.outcome = 'same';
      return;
    }
    expect(ours).toEqual({ refusal: expect.any(String) });
    if (one.refused === 'both') expect(theirs).toEqual({ refusal: expect.any(String) });
    else expect(configOf(theirs)).toHaveProperty('services');
    row.outcome = 'refused';
    row.why = one.refused === 'both' ? 'by both' : (one.why ?? '');
    expect(row.why).not.toBe('');
  });
});

const configOf = (answer: Answer) => ('config' in answer ? normalised(answer.config) : answer);

async function peerAnswer({ directory, folder, files = [], profiles, env }: LoaderCase): Promise<Answer> {
  const flags = [...files.flatMap((file) => ['-f', file]), ...profiles.flatMap((profile) => ['--profile', profile])];
  const options = { cwd: join(directory, folder), env: { PATH: '/nowhere', HOME: '/nowhere', ...env } };
  try {
    return { config: (await run(peer, [...flags, 'config', '--format', 'json'], options)).stdout };
  } catch (error) {
    return { refusal: (error as { stderr?: string }).stderr ?? String(error) };
  }
}

async function ourAnswer({ directory, folder, files, profiles, env }: LoaderCase): Promise<Answer> {
  const snapshot = await folderSnapshot(directory);
  try {
    const app = placedApp({
      name: basename(join(directory, folder)),
      nameIsFixed: false,
      folder,
      compose: files?.map((file) => inFolder(folder, file)) ?? (await findLoneFiles(snapshot, folder)) ?? [],
      profiles,
    });
    const appDirectory = join(directory, folder);
    const options = { filesDir: '/nowhere', appDirectory, environment: env };
    const { json } = await composeConfig(app, 'shop', snapshot, options);
    return { config: json };
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    return { refusal: error.message };
  }
}
