import type { IncomingMessage } from 'node:http';
import Docker from 'dockerode';

interface Request {
  path: string;
  isStream?: boolean;
  abortSignal?: AbortSignal | undefined;
  options?: { abortSignal?: AbortSignal; [key: string]: unknown };
}
type Callback = (error: unknown, answer: unknown) => void;

/** The parts of docker-modem and dockerode that @types/dockerode does not describe. */
export interface Modem {
  /** The API's version in every path, `v1.41`; undefined for none. */
  version: string | undefined;
  dial(request: Request & Record<string, unknown>, callback: Callback): void;
}
interface Passed {
  abortSignal: AbortSignal;
}
export interface Dockerode extends Omit<Docker, 'modem' | 'version' | 'info' | 'getImage'> {
  modem: Modem;
  version(passed: Passed): Promise<unknown>;
  info(passed: Passed): Promise<unknown>;
  getImage(reference: string): { inspect(passed: Passed): Promise<unknown> };
}

/** All successes, and 304: the container runs already, or is stopped already. */
const SUCCESSES = Object.fromEntries([200, 201, 202, 204, 304].map((status) => [status, true]));

/**
 * Opens dockerode, and reads its answers here: docker-modem never calls back when an answer breaks off in its middle, throws on 304, and keeps whole
 * logs in memory. A call of logs() gets the stream.
 */
export function openDocker(options: Docker.DockerOptions): Dockerode {
  // Never with an http.Agent: docker-modem prints its options, agent and all, at every request.
  const docker = new Docker(options);
  const modem = docker.modem as unknown as Modem;
  const dial = modem.dial.bind(modem);
  modem.dial = (request, callback) => {
    // dockerode's image.inspect() drops the signal.
    const abortSignal = request.abortSignal ?? request.options?.abortSignal;
    return dial({ ...request, abortSignal, isStream: true, statusCodes: SUCCESSES }, (error, answer) => {
      if (error || request.isStream || request.path.endsWith('/logs?')) callback(error, answer);
      else
        readJson(answer as IncomingMessage)
          .then((read) => callback(null, read))
          .catch((broken: unknown) => callback(broken, undefined));
    });
  };
  return docker as unknown as Dockerode;
}

/** undefined for an empty answer, and for one that is not JSON. Rejects when it breaks off. */
async function readJson(answer: IncomingMessage): Promise<unknown> {
  let text = '';
  answer.setEncoding('utf8');
  for await (const chunk of answer) text += chunk;
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
