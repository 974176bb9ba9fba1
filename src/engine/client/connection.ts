import { access, readFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import type Docker from 'dockerode';
import { InputError } from '../../lib/errors.ts';
import { openSshTunnel } from './ssh-tunnel.ts';

export type Environment = Record<string, string | undefined>;

/** A connection to an engine, in dockerode's words. */
export interface Connection {
  options: Docker.DockerOptions;
  /** For people: `unix:///var/run/docker.sock`. */
  where: string;
  /** The reason why it does not answer, if the connection knows it. */
  trouble?(): string | undefined;
  close(): void;
}

/**
 * The connection that `host` names, or else `DOCKER_HOST`: `unix://`, `tcp://` (with TLS if DOCKER_TLS_VERIFY is set) or `ssh://`. Without
 * either it takes the first of the usual sockets that exists. Throws InputError for an address that is not valid.
 */
export async function connectionFrom(environment: Environment, host?: string): Promise<Connection> {
  const address = host || environment.DOCKER_HOST || (await defaultSocket(environment));
  const url = URL.canParse(address) ? new URL(address) : undefined;
  switch (url?.protocol) {
    case 'unix:':
      return socket(address.slice('unix://'.length) || '/var/run/docker.sock', address);
    case 'tcp:':
      return tcp(url, address, environment);
    case 'ssh:': {
      const tunnel = await openSshTunnel(url, environment);
      return {
        ...socket(tunnel.socketPath, `ssh://${url.host}`),
        trouble: tunnel.trouble,
        close: tunnel.close,
      };
    }
    default:
      throw InputError.of(
        `${JSON.stringify(address)} is not a valid engine address`,
        'use unix:///PATH, tcp://HOST:PORT or ssh://USER@HOST',
      );
  }
}

const NOTHING = {
  // docker-modem reads DOCKER_HOST for each option that it is not given; undefined counts as given.
  host: undefined,
  port: undefined,
  protocol: 'http',
  key: undefined,
  cert: undefined,
  ca: undefined,
  timeout: undefined,
  pathPrefix: undefined,
} as const;

function socket(path: string, where: string): Connection {
  return {
    options: { ...NOTHING, socketPath: path } as unknown as Docker.DockerOptions,
    where,
    close: () => undefined,
  };
}

async function tcp(url: URL, where: string, environment: Environment): Promise<Connection> {
  const secure = Boolean(environment.DOCKER_TLS_VERIFY);
  if (!secure && environment.DOCKER_TLS) {
    throw InputError.of(
      'DOCKER_TLS without DOCKER_TLS_VERIFY would trust any engine',
      'set DOCKER_TLS_VERIFY=1 and DOCKER_CERT_PATH',
    );
  }
  const options = {
    ...NOTHING,
    socketPath: undefined,
    host: url.hostname.replace(/^\[(.*)\]$/, '$1'),
    port: url.port || (secure ? '2376' : '2375'),
    pathPrefix: '/',
    ...(secure && { protocol: 'https', ...(await certificates(environment)) }),
  };
  return { options: options as unknown as Docker.DockerOptions, where, close: () => undefined };
}

/** The three files that the docker client reads. */
async function certificates(environment: Environment): Promise<{ ca: Buffer; cert: Buffer; key: Buffer }> {
  const folder = environment.DOCKER_CERT_PATH || environment.DOCKER_CONFIG || join(homedir(), '.docker');
  const read = (name: string): Promise<Buffer> =>
    readFile(join(folder, name)).catch((error: Error) => {
      throw new InputError(
        [
          {
            message: `DOCKER_TLS_VERIFY is set, but ${join(folder, name)} cannot be read: ${error.message}`,
            hint: 'set DOCKER_CERT_PATH',
          },
        ],
        { cause: error },
      );
    });
  // One after the other, so that the error names the first one that is missing.
  return { ca: await read('ca.pem'), cert: await read('cert.pem'), key: await read('key.pem') };
}

async function defaultSocket({ XDG_RUNTIME_DIR }: Environment): Promise<string> {
  const candidates = [
    '/var/run/docker.sock',
    join(homedir(), '.docker/run/docker.sock'),
    ...(XDG_RUNTIME_DIR ? [join(XDG_RUNTIME_DIR, 'docker.sock'), join(XDG_RUNTIME_DIR, 'podman/podman.sock')] : []),
    '/run/podman/podman.sock',
  ];
  for (const path of candidates) {
    const exists = await access(path).then(
      () => true,
      () => false,
    );
    if (exists) return `unix://${path}`;
  }
  return `unix://${candidates[0]}`;
}
