import { request } from 'node:http';
import type { Readable } from 'node:stream';

/** A container engine's answer to one request. */
export interface Answer {
  status: number;
  text: string;
}

/** The path behind `unix://`; other addresses are not a place for tests, as their containers could not bind files of this disk. */
export function socketOf(host: string): string {
  if (!host.startsWith('unix://')) throw new Error(`${host} is not a unix socket`);
  return host.slice('unix://'.length);
}

/**
 * One request to an engine, without any client library: what brings engines and images up must not lean on the code that it serves to test.
 * Rejects where nothing answers; a status code is for the caller to judge.
 */
export function ask(
  host: string,
  method: string,
  path: string,
  options: { body?: Readable | object; headers?: Record<string, string>; timeoutMs?: number } = {},
): Promise<Answer> {
  const stream = options.body && 'pipe' in options.body ? options.body : undefined;
  const json = options.body && !stream ? JSON.stringify(options.body) : undefined;
  const type = stream ? { 'Content-Type': 'application/x-tar' } : json ? { 'Content-Type': 'application/json' } : {};
  return new Promise((resolve, reject) => {
    const outgoing = request(
      {
        socketPath: socketOf(host),
        method,
        path,
        agent: false,
        headers: { Host: 'engine', ...type, ...options.headers },
      },
      (incoming) => {
        let text = '';
        incoming.setEncoding('utf8');
        incoming.on('data', (chunk: string) => {
          text += chunk;
        });
        incoming.on('end', () => resolve({ status: incoming.statusCode ?? 0, text }));
        incoming.on('error', reject);
      },
    );
    outgoing.on('error', reject);
    outgoing.setTimeout(options.timeoutMs ?? 60_000, () => outgoing.destroy(new Error(`${host} does not answer`)));
    if (stream) stream.on('error', (error) => outgoing.destroy(error)).pipe(outgoing);
    else outgoing.end(json);
  });
}

/** As `ask`, but an answer of 400 or more is an error, with the engine's own words. */
export async function mustAsk(...args: Parameters<typeof ask>): Promise<string> {
  const { status, text } = await ask(...args);
  if (status >= 400) throw new Error(`${args[1]} ${args[2]}: ${status} ${text.trim()}`);
  return text;
}

/** The engine at an address, as `Docker 20.10.24 (API 1.41)`; undefined when none answers. */
export async function engineAt(host: string): Promise<string | undefined> {
  try {
    const version = JSON.parse(await mustAsk(host, 'GET', '/version', { timeoutMs: 5000 })) as {
      Version: string;
      ApiVersion: string;
      Components?: { Name: string }[];
    };
    const kind = version.Components?.some(({ Name }) => Name.startsWith('Podman')) ? 'Podman' : 'Docker';
    return `${kind} ${version.Version} (API ${version.ApiVersion})`;
  } catch {
    return undefined;
  }
}
