import { describe, expect, test } from '@jest/globals';
import { asEngineError, type Call } from '../../../src/engine/client/errors.ts';
import { EngineError, type EngineErrorKind } from '../../../src/lib/errors.ts';

const answer = (statusCode: number, message: string) =>
  Object.assign(new Error(`(HTTP code ${statusCode}) unexpected - ${message} `), { statusCode, json: { message } });

describe('answers recorded from Docker 20.10, Docker 28.5 and Podman 4.3', () => {
  test.each<[Call, number, string, EngineErrorKind]>([
    [
      'create',
      409,
      'Conflict. The container name "/n2" is already in use by container "6b9a". You have to remove (or rename) that container to be able to reuse that name.',
      'nameTaken',
    ],
    [
      'create',
      500,
      'container create: creating container storage: the container name "n2" is already in use by 84d6. You have to remove that container to be able to reuse that name: that name is already in use',
      'nameTaken',
    ],
    ['create', 409, 'network with name nb already exists', 'nameTaken'],
    ['create', 500, 'network name nb already used: network already exists', 'nameTaken'],
    ['create', 404, 'No such image: nosuch:1', 'notFound'],
    ['create', 404, 'no such image: docker.io/library/nosuch:1: image not known', 'notFound'],
    ['create', 400, 'Minimum memory limit allowed is 6MB', 'invalid'],
    ['create', 500, 'make cli opts(): strconv.Atoi: parsing "8000-8010": invalid syntax', 'invalid'],
    [
      'rename',
      409,
      'Error when allocating new name: Conflict. The container name "/n2" is already in use by container "20a5".',
      'nameTaken',
    ],
    [
      'rename',
      409,
      'renaming container 1a95: name n2 already in use, cannot rename container 1a95: container already exists',
      'nameTaken',
    ],
    [
      'start',
      400,
      'failed to create task for container: OCI runtime create failed: exec: "nope": executable file not found in $PATH',
      'startFailed',
    ],
    [
      'start',
      500,
      'runc: runc create failed: unable to start container process: exec: "nope": executable file not found in $PATH: OCI runtime attempted to invoke a command that was not found',
      'startFailed',
    ],
    [
      'start',
      500,
      'driver failed programming external connectivity on endpoint n3: Bind for 0.0.0.0:7654 failed: port is already allocated',
      'portTaken',
    ],
    ['start', 500, 'cannot listen on the TCP port: listen tcp4 :7654: bind: address already in use', 'portTaken'],
    ['start', 404, 'No such container: nosuch', 'notFound'],
    ['start', 404, 'no container with name or ID "nosuch" found: no such container', 'notFound'],
    ['start', 404, 'network fb728 not found', 'startFailed'],
    [
      'start',
      500,
      'container e8a1 must be in Created or Stopped state to be started: container state improper',
      'conflict',
    ],
    ['remove', 403, 'error while removing network: network nb id fb728 has active endpoints', 'conflict'],
    [
      'remove',
      500,
      '"nb" has associated containers with it. Use -f to forcibly delete containers and pods: network is being used',
      'conflict',
    ],
    [
      'remove',
      409,
      'You cannot remove a running container 123. Stop the container before attempting removal or force remove',
      'conflict',
    ],
    [
      'remove',
      500,
      'cannot remove container e8a1 as it is paused - running or paused containers cannot be removed without force: container state improper',
      'conflict',
    ],
    ['update', 404, 'Not Found', 'unsupported'],
    ['update', 404, 'No such container: x', 'notFound'],
    [
      'update',
      409,
      'Cannot update container 94f1: Memory limit should be smaller than already set memoryswap limit, update the memoryswap at the same time',
      'conflict',
    ],
    ['connect', 404, 'unable to find network with name or ID nonet: network not found', 'notFound'],
    ['pull', 500, 'Get "http://127.0.0.1:1/v2/": dial tcp 127.0.0.1:1: connect: connection refused', 'pullFailed'],
    ['pull', 404, 'pull access denied for x', 'pullFailed'],
    ['read', 404, 'get nope: no such volume', 'notFound'],
    ['read', 500, 'something else', 'failed'],
  ])('%s %i %s', (call, status, message, kind) => {
    const error = asEngineError(answer(status, message), call, 'unix:///x');
    expect(error).toMatchObject({ kind, message });
  });
});

describe('no answer', () => {
  const failure = (code: string) => Object.assign(new Error(`connect ${code}`), { code });
  test.each([
    ['ENOENT', 'no container engine at unix:///x: there is no such socket (is the engine running?)'],
    ['ECONNREFUSED', 'no container engine answers at unix:///x (is it running?)'],
    [
      'EACCES',
      'permission denied at unix:///x: run as root, or add the user to the group that owns the socket (often `docker`)',
    ],
    ['ECONNRESET', 'the container engine at unix:///x does not answer: connect ECONNRESET'],
  ])('%s', (code, message) => {
    expect(asEngineError(failure(code), 'read', 'unix:///x')).toMatchObject({ kind: 'unreachable', message });
  });
  test('because we cancelled it', () => {
    expect(asEngineError(new DOMException('x', 'AbortError'), 'pull', 'unix:///x').kind).toBe('aborted');
  });
});

test('an answer without JSON still gives its own sentence, and an error of ours stays as it is', () => {
  const raw = Object.assign(new Error('(HTTP code 500) unexpected - plain words '), { statusCode: 500, json: null });
  expect(asEngineError(raw, 'read', 'unix:///x').message).toBe('plain words');
  const ours = new EngineError('conflict', 'x');
  expect(asEngineError(ours, 'read', 'unix:///x')).toBe(ours);
});

test.each([
  ['', 'nothing else'],
  ['<!DOCTYPE html><html>…</html>', 'a web page'],
])('a server that answers %j is no engine, and nothing counts as gone', (body, what) => {
  const raw = Object.assign(new Error(`(HTTP code 404) unexpected - ${body} `), { statusCode: 404 });
  expect(asEngineError(raw, 'remove', 'tcp://x:2375')).toMatchObject({
    kind: 'failed',
    message: `tcp://x:2375 answered HTTP 404 and ${what}: is that a container engine?`,
  });
});
