import { readFile } from 'node:fs/promises';
import { expect, test } from '@jest/globals';

test('the oldest Node of the program is the same wherever it is said', async () => {
  const { engines } = JSON.parse(await readFile('package.json', 'utf8')) as { engines: { node: string } };
  const oldest = /^>=(\d+)$/.exec(engines.node)?.[1];
  expect(await readFile('src/cli/start/start.ts', 'utf8')).toContain(`OLDEST_NODE = ${oldest};`);
  expect(await readFile('README.md', 'utf8')).toContain(`| Node ${oldest} or later.`);
  expect(await readFile('examples/agent/holdfast-agent.service', 'utf8')).toContain(`Node ${oldest} or later`);
});
