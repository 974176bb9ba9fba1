import { afterEach, expect, test } from '@jest/globals';
import { usableEngine } from '../../../scripts/engine.ts';

const before = process.env.DOCKER_HOST;
afterEach(() => {
  if (before === undefined) delete process.env.DOCKER_HOST;
  else process.env.DOCKER_HOST = before;
});

test.each([
  ['tcp://10.1.2.3:2375', 'unset DOCKER_HOST, or set it to a unix:// socket'],
  ['ssh://user@host', 'unset DOCKER_HOST, or set it to a unix:// socket'],
  ['unix:///nowhere/docker.sock', 'no container engine answers there'],
])('the demo says in one sentence why it cannot use an engine at %s', async (host, why) => {
  process.env.DOCKER_HOST = host;
  const said: string[] = [];
  const error: unknown = await usableEngine({ log: (text) => said.push(text) }).catch((thrown: unknown) => thrown);
  expect(String(error)).toMatch(new RegExp(`DOCKER_HOST is ${host}.*${why}\\.$`));
  expect(said).toEqual([]);
});
