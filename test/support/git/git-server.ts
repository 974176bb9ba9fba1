import { execFile, spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import * as http from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { promisify } from 'node:util';
import { bareRepo, type GitRepo } from './git-repo.ts';

const run = promisify(execFile);

export interface GitServerOptions {
  /** Basic auth that every request must carry. May be changed while it runs. */
  credentials?: { username: string; password: string };
  /** Do as a server of before protocol version 2. */
  withoutV2?: boolean;
  /** Refuses a request by what is in it, as hosts do that want it said otherwise: its status, or undefined to let Git have it. */
  refuses?: (request: http.IncomingMessage, body: string) => number | undefined;
  port?: number;
  /** Where the repos are, absolute; it stays when the server closes. Else a folder that goes with it. */
  root?: string;
}

/** The bytes of one request and its answer, heads included, as the server's socket counts them. */
export interface Traffic {
  method: string;
  path: string;
  /** The Authorization header, to see who was told what. */
  authorization: string | undefined;
  up: number;
  down: number;
  /** A number per TCP connection, to see which requests share one. */
  connection: number;
}

/** Decides a request instead of Git; returns false to let Git have it. */
export type Intercept = (request: http.IncomingMessage, response: http.ServerResponse) => boolean;

export interface GitServer {
  /** `http://127.0.0.1:PORT`, the same after a restart. */
  url: string;
  /** One per finished request, in order. */
  traffic: Traffic[];
  options: GitServerOptions;
  intercept: Intercept | undefined;
  /** Cuts the body of Git's answer to that many bytes, then breaks the connection. */
  cutAfter: number | undefined;
  /** Changes the body of Git's answer. */
  tamper: ((body: Buffer) => Buffer) | undefined;
  /** A bare repo, served at `URL/NAME.git`. */
  repo(name: string): Promise<GitRepo>;
  /** Refuses connections, and breaks those there are. */
  stop(): Promise<void>;
  start(): Promise<void>;
  /** Stops, and removes what it made. */
  close(): Promise<void>;
}

/** A real Git server over HTTP on loopback: `git http-backend` as CGI behind node:http. */
export async function startGitServer(options: GitServerOptions = {}): Promise<GitServer> {
  const root = options.root ?? (await mkdtemp(join(tmpdir(), 'holdfast-git-')));
  const backend = join((await run('git', ['--exec-path'])).stdout.trim(), 'git-http-backend');
  const connections = new Map<object, number>();
  let port = options.port ?? 0;
  let listening: http.Server | undefined;

  const server: GitServer = {
    url: '',
    traffic: [],
    options,
    intercept: undefined,
    cutAfter: undefined,
    tamper: undefined,
    repo: (name) => bareRepo(join(root, `${name}.git`), () => `${server.url}/${name}.git`),
    async start() {
      const next = http.createServer(serve);
      await new Promise<void>((resolve, reject) => {
        next.once('error', reject);
        next.listen(port, '127.0.0.1', resolve);
      });
      port = (next.address() as AddressInfo).port;
      server.url = `http://127.0.0.1:${port}`;
      listening = next;
    },
    async stop() {
      const now = listening;
      listening = undefined;
      if (!now) return;
      await new Promise<void>((resolve) => {
        now.close(() => resolve());
        now.closeAllConnections();
      });
    },
    async close() {
      await server.stop();
      if (options.root === undefined) await rm(root, { recursive: true, force: true });
    },
  };

  const serve = (request: http.IncomingMessage, response: http.ServerResponse): void => {
    count(request, response);
    if (server.intercept?.(request, response)) return;
    const wanted = server.options.credentials;
    if (wanted && request.headers.authorization !== basic(wanted)) {
      response.writeHead(401, { 'WWW-Authenticate': 'Basic realm="git"' }).end();
      request.resume();
      return;
    }
    const { refuses } = server.options;
    if (!refuses) {
      cgi(request, request, response);
      return;
    }
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const body = Buffer.concat(chunks);
      const status = refuses(request, body.toString('latin1'));
      if (status === undefined) cgi(request, Readable.from([body]), response);
      else response.writeHead(status).end('no');
    });
  };

  const count = (request: http.IncomingMessage, response: http.ServerResponse): void => {
    const socket = request.socket;
    const connection = connections.get(socket) ?? connections.size + 1;
    connections.set(socket, connection);
    const head = Buffer.byteLength(
      `${request.method} ${request.url} HTTP/1.1\r\n${request.rawHeaders.map((part, i) => part + (i % 2 ? '\r\n' : ': ')).join('')}\r\n`,
    );
    let body = 0;
    request.on('data', (chunk: Buffer) => {
      body += chunk.length;
    });
    const written = socket.bytesWritten;
    response.on('close', () => {
      server.traffic.push({
        method: request.method ?? '',
        path: request.url ?? '',
        authorization: request.headers.authorization,
        up: head + body,
        down: socket.bytesWritten - written,
        connection,
      });
    });
  };

  const cgi = (request: http.IncomingMessage, input: Readable, response: http.ServerResponse): void => {
    const url = new URL(request.url ?? '/', 'http://localhost');
    const version = request.headers['git-protocol'];
    const child = spawn(backend, {
      env: {
        PATH: process.env.PATH,
        GIT_PROJECT_ROOT: root,
        GIT_HTTP_EXPORT_ALL: '1',
        GIT_CONFIG_NOSYSTEM: '1',
        HOME: root,
        PATH_INFO: url.pathname,
        QUERY_STRING: url.search.slice(1),
        REQUEST_METHOD: request.method,
        CONTENT_TYPE: request.headers['content-type'] ?? '',
        CONTENT_LENGTH: request.headers['content-length'] ?? '',
        REMOTE_ADDR: '127.0.0.1',
        ...(typeof version === 'string' && !server.options.withoutV2 && { GIT_PROTOCOL: version }),
      },
      stdio: ['pipe', 'pipe', 'ignore'],
    });
    // Git may answer and end before it has read its input, as for a repo that does not exist; what it says is on its output all the same.
    child.stdin.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code !== 'EPIPE') response.destroy();
    });
    input.pipe(child.stdin);
    const output: Buffer[] = [];
    child.stdout.on('data', (chunk: Buffer) => output.push(chunk));
    child.on('error', () => response.destroy());
    child.on('close', () => answer(Buffer.concat(output), response));
  };

  /** CGI's answer: headers, an empty line, the body. */
  const answer = (output: Buffer, response: http.ServerResponse): void => {
    const end = output.indexOf('\r\n\r\n');
    if (end < 0) return void response.destroy();
    let status = 200;
    const headers: Record<string, string> = {};
    for (const line of output.toString('latin1', 0, end).split('\r\n')) {
      const [, name = '', value = ''] = line.match(/^([^:]+): (.*)$/) ?? [];
      if (name === 'Status') status = Number.parseInt(value, 10);
      else if (!/^(expires|pragma|cache-control)$/i.test(name)) headers[name] = value;
    }
    const whole = output.subarray(end + 4);
    const body = server.tamper?.(Buffer.from(whole)) ?? whole;
    if (server.cutAfter !== undefined && body.length > server.cutAfter) {
      response.writeHead(status, { ...headers, 'Content-Length': String(body.length) });
      response.write(body.subarray(0, server.cutAfter), () => response.destroy());
    } else {
      response.writeHead(status, { ...headers, 'Content-Length': String(body.length) }).end(body);
    }
  };

  await server.start();
  return server;
}

const basic = ({ username, password }: { username: string; password: string }): string =>
  `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`;
