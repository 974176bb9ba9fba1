import { EngineError, type EngineErrorKind, messageOf } from '../../lib/errors.ts';

/** The kind of call: the same status code means different things for different calls. */
export type Call =
  | 'read'
  | 'create'
  | 'start'
  | 'stop'
  | 'unpause'
  | 'rename'
  | 'remove'
  | 'update'
  | 'archive'
  | 'exec'
  | 'connect'
  | 'disconnect'
  | 'pull'
  | 'events';

/** The error that dockerode throws for an answer that is not a success, or for no answer. */
interface RawError {
  statusCode?: number;
  code?: string;
  name?: string;
  json?: unknown;
}

/** Turns an error of a call into one with a kind and a sentence. `where` is the engine's address, for people. */
export function asEngineError(error: unknown, call: Call, where: string): EngineError {
  if (error instanceof EngineError) return error;
  const { statusCode, code, name, json } = (error ?? {}) as RawError;
  if (statusCode === undefined) {
    if (name === 'AbortError') return new EngineError('aborted', 'cancelled', { cause: error });
    return new EngineError('unreachable', unreachable(code, messageOf(error), where), { cause: error });
  }
  // Most of it may come from a registry.
  const message = (
    sentence(json) ??
    messageOf(error)
      .replace(/^\(HTTP code \d+\) .*? - /, '')
      .trim()
  ).slice(0, MOST_SAID);
  if (message === '' || message.startsWith('<')) {
    const what = message === '' ? 'nothing else' : 'a web page';
    const text = `${where} answered HTTP ${statusCode} and ${what}: is that a container engine?`;
    return new EngineError('failed', text, { cause: error });
  }
  return new EngineError(kindOf(statusCode, message, call), message, { cause: error });
}

function unreachable(code: string | undefined, message: string, where: string): string {
  switch (code) {
    case 'ENOENT':
      return `no container engine at ${where}: there is no such socket (is the engine running?)`;
    case 'ECONNREFUSED':
      return `no container engine answers at ${where} (is it running?)`;
    case 'EACCES':
    case 'EPERM':
      return `permission denied at ${where}: run as root, or add the user to the group that owns the socket (often \`docker\`)`;
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return `the name of the container engine's host at ${where} does not resolve`;
    default:
      return `the container engine at ${where} does not answer: ${message}`;
  }
}

/** Docker says `message`, Podman `message` and `cause`. */
function sentence(json: unknown): string | undefined {
  if (json instanceof Uint8Array) return Buffer.from(json).toString('utf8').trim() || undefined;
  const { message } = (json ?? {}) as { message?: unknown };
  return typeof message === 'string' && message.trim() !== '' ? message.trim() : undefined;
}

/** Characters that are kept of an answer. */
const MOST_SAID = 4000;

const PORT_TAKEN =
  /port is already allocated|address already in use|ports are not available|bind: cannot assign|already been bound/i;
const NAME_TAKEN =
  /(is|that name is) already in use by|name .* already (used|in use|exists)|network with name .* already exists|network already exists/i;
const BUSY =
  /active endpoints|associated containers|network is being used|is running|is paused|not running|volume is in use|is being used|volume is being used|removal of container .* is already in progress|container state improper|has dependent containers|stop the container before/i;
const GONE =
  /no such (container|image|network|volume)|(network|container|image|volume) .*not found|not found: network|unable to find network|image not known/i;

/** Podman answers 500 where Docker answers 400, 403, 404 or 409: then the words decide. */
function kindOf(status: number, message: string, call: Call): EngineErrorKind {
  if (call === 'pull') return 'pullFailed';
  if (call === 'start') return startKind(status, message);
  if (status === 501) return 'unsupported';
  if (call === 'update' && status === 404 && !GONE.test(message)) return 'unsupported';
  if (NAME_TAKEN.test(message) && (call === 'create' || call === 'rename')) return 'nameTaken';
  if (status === 404) return 'notFound';
  if (status === 403 || status === 409) return 'conflict';
  if (status === 400) return 'invalid';
  if (PORT_TAKEN.test(message)) return 'portTaken';
  if (GONE.test(message)) return 'notFound';
  if (BUSY.test(message)) return 'conflict';
  if (call === 'create' && /make cli opts|invalid|must be|unable to parse/i.test(message)) return 'invalid';
  return 'failed';
}

function startKind(status: number, message: string): EngineErrorKind {
  if (PORT_TAKEN.test(message)) return 'portTaken';
  if (/no such container|no container with name/i.test(message)) return 'notFound';
  if (
    /is paused|is marked for removal|cannot join network of a non running|must be in created or stopped state/i.test(
      message,
    )
  )
    return 'conflict';
  return status === 501 ? 'unsupported' : 'startFailed';
}

/** The error of a pull: the answer is a success, and an item of its stream tells the failure. */
export function pullError(message: string): EngineError {
  return new EngineError('pullFailed', message.trim());
}
