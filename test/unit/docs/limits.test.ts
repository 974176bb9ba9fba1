import { readFile } from 'node:fs/promises';
import { expect, test } from '@jest/globals';
import { AGENT_ENVIRONMENT, AGENT_FLAGS } from '../../../src/cli/start/agent-process.ts';
import { MOST_COMMITS } from '../../../src/git/objects/history.ts';
import { DEFAULT_STORE_LIMITS } from '../../../src/git/store-limits.ts';
import {
  APP_FILE_LIMITS,
  APP_LIMITS,
  MOST_PROBLEMS,
  SITE_LIMITS,
  SOPS_LIMITS,
  YAML_LIMITS,
} from '../../../src/lib/limits.ts';

const MIB = 1024 * 1024;
/** As the page writes it. */
const written = (limit: number): string => {
  if (limit % MIB === 0) return `${limit / MIB} MB`;
  return limit % 1024 === 0 ? `${limit / 1024} KB` : limit.toLocaleString('en');
};

test('docs/limits.md says every limit', async () => {
  const page = await readFile('docs/limits.md', 'utf8');
  const cells = page.split('\n').flatMap((line) => line.split('|').map((cell) => cell.trim()));
  const { parsedAgain, ...yaml } = YAML_LIMITS;
  const limits: number[] = [yaml, APP_FILE_LIMITS, { ...APP_LIMITS }, { ...SITE_LIMITS }, SOPS_LIMITS].flatMap(
    (group) => Object.values(group),
  );
  const { commitBytes, treeBytes } = DEFAULT_STORE_LIMITS;
  limits.push(MOST_PROBLEMS, commitBytes, treeBytes, MOST_COMMITS);
  expect(limits.map(written).filter((text) => !cells.includes(text))).toEqual([]);
});

test('the image starts the agent with the settings that it gives itself elsewhere', async () => {
  const dockerfile = await readFile('Dockerfile', 'utf8');
  const entry = /^ENTRYPOINT (.*)$/m.exec(dockerfile)?.[1] ?? '[]';
  expect(JSON.parse(entry)).toEqual(['node', ...AGENT_FLAGS, '/opt/holdfast/holdfast.js']);
  const variables = [...dockerfile.matchAll(/^ENV (\w+)=(.*)$/gm)].map(([, name, value]) => [name, value]);
  expect(Object.fromEntries(variables)).toEqual(AGENT_ENVIRONMENT);
});

test('the systemd unit leaves those settings to the program', async () => {
  const unit = await readFile('examples/agent/holdfast-agent.service', 'utf8');
  expect(unit).toMatch(/^ExecStart=\S+ node \/opt\/holdfast\/\S+\/holdfast\.js agent --config \S+$/m);
  expect(unit).not.toContain('MALLOC_');
});
