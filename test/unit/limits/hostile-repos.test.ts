import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { HOSTILE_REPOS } from '../../support/hostile/hostile-repos.ts';
import { inAgentHeap } from '../../support/program/agent-heap.ts';
import type { WholeSite } from '../../support/site/whole-site.ts';

/** One process reads all, as an agent does over the years: what one leaves behind is missed by the next. */
describe("config repos that ask for more than they are, in the agent's heap", () => {
  const names = Object.keys(HOSTILE_REPOS);
  const results = new Map<string, WholeSite>();
  let folder = '';

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'holdfast-limits-'));
    for (const [index, name] of names.entries()) {
      for (const [path, text] of Object.entries(HOSTILE_REPOS[name]?.files ?? {})) {
        const file = join(folder, `repo-${index}`, path);
        await mkdir(dirname(file), { recursive: true });
        await writeFile(file, text);
      }
    }
    const program = fileURLToPath(new URL('../../support/site/whole-site.ts', import.meta.url));
    const ran = await inAgentHeap(
      program,
      names.map((_, index) => join(folder, `repo-${index}`)),
    );
    const told = ran.stdout.split('\n').filter((line) => line !== '');
    for (const [index, line] of told.entries()) results.set(names[index] ?? '', JSON.parse(line) as WholeSite);
    if (ran.code !== 0) throw new Error(`the process ended with ${ran.code} at "${names[told.length]}": ${ran.stderr}`);
  }, 180_000);

  afterAll(() => rm(folder, { recursive: true, force: true }));

  test.each(names.filter((name) => HOSTILE_REPOS[name]?.says === undefined))('%s: an app like any other', (name) => {
    const { broken, operations } = results.get(name) as WholeSite;
    expect(broken).toEqual({});
    for (const [first, then] of Object.values(operations)) expect([first > 0, then]).toEqual([true, 0]);
  });

  test.each(names.filter((name) => HOSTILE_REPOS[name]?.says !== undefined))('%s: an error with its place', (name) => {
    const { broken } = results.get(name) as WholeSite;
    const said = Object.values(broken);
    expect(said.length).toBeGreaterThan(0);
    for (const problem of said) expect(problem).toContain(HOSTILE_REPOS[name]?.says);
  });

  test('where all apps are too much together, the largest give way and the small one stays', () => {
    const { broken, operations } = results.get('a site of many apps') as WholeSite;
    expect(Object.keys(operations)).toContain('a7');
    expect(Object.keys(operations)).toHaveLength(3);
    expect(Object.keys(broken)).toHaveLength(9);
  });
});
