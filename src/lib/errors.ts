/** A place in a file that a person can open. Lines and columns count from 1. */
export interface Position {
  file: string;
  line: number;
  column: number;
}

/** One thing wrong with what somebody wrote. */
export interface Problem {
  /** What is wrong and why, in one sentence, naming the key or value. */
  message: string;
  /** Where it stands; absent only where no file is involved, as for a flag. */
  at?: Position;
  /** What to do about it. */
  hint?: string;
  /** The Application it belongs to, where one can be named. */
  app?: string;
  /** The variable that has no value, where that is what is wrong: it may have one on other sites. */
  missing?: string;
}

/** The family of all errors that Holdfast raises on purpose. `code` is stable; `message` is a sentence for people. */
export abstract class HoldfastError extends Error {
  abstract readonly code: string;
}

/** What somebody wrote cannot be used: a document, a flag, a repo's layout. Commands exit with 2 and have changed nothing. */
export class InputError extends HoldfastError {
  readonly code = 'INPUT';
  readonly problems: readonly Problem[];
  constructor(problems: readonly Problem[], options?: ErrorOptions) {
    super(problems.map(formatProblem).join('\n'), options);
    this.problems = problems;
  }
  /** One problem, as an error. */
  static at(at: Position | undefined, message: string, hint?: string): InputError {
    return new InputError([{ message, ...(at && { at }), ...(hint && { hint }) }]);
  }
}

/** Why a container engine did not do what it was asked. Engines differ in status codes; these words do not. */
export type EngineErrorKind =
  | 'unreachable' // no answer, or the connection broke: ask again later
  | 'notFound' // the object is gone
  | 'nameTaken' // another object holds the name
  | 'conflict' // the object's state forbids it now (running, in use, active endpoints)
  | 'portTaken' // a host port is in use
  | 'invalid' // the engine refuses the request as such
  | 'unsupported' // this engine cannot do that
  | 'startFailed' // the runtime could not start the process
  | 'pullFailed' // a registry did not give the image
  | 'aborted' // we cancelled it
  | 'failed'; // anything else

export class EngineError extends HoldfastError {
  readonly code = 'ENGINE';
  readonly kind: EngineErrorKind;
  constructor(kind: EngineErrorKind, message: string, options?: ErrorOptions) {
    super(message, options);
    this.kind = kind;
  }
}

/** Why desired state could not be fetched. */
export type SourceErrorKind =
  | 'unreachable' // no answer, or it broke off: ask again later
  | 'dns' // the server's name does not resolve
  | 'tls' // no connection that is both secure and with the right server
  | 'clock' // the dates of its certificate do not fit this machine's clock
  | 'proxy' // the proxy on the way does not let us through
  | 'portal' // a web page came instead of Git
  | 'busy' // the server asks to be left alone for a while
  | 'server' // the server has a fault of its own
  | 'hostKey' // the SSH server is not the one that is known, or none is known
  | 'auth' // who we are is not enough, or cannot be read
  | 'notFound' // no such repo, revision, folder or object
  | 'protocol' // what answers does not speak Git as it should
  | 'limit' // it is more than a site may be asked to take
  | 'local' // this machine cannot take it in now, as when its disk is full
  | 'path' // a name in it that could lead out of it, or a folder that can be read in two ways
  | 'aborted'; // we stopped it

export class SourceError extends HoldfastError {
  readonly code = 'SOURCE';
  readonly kind: SourceErrorKind;
  /** Milliseconds that the server asks to be left alone. */
  readonly retryAfter?: number;
  constructor(kind: SourceErrorKind, message: string, options?: ErrorOptions & { retryAfter?: number }) {
    super(message, options);
    this.kind = kind;
    if (options?.retryAfter !== undefined) this.retryAfter = options.retryAfter;
  }
}

/** Something Holdfast wrote to its state directory cannot be used or written. */
export class StateError extends HoldfastError {
  readonly code = 'STATE';
}

/** `file:line:column: message (hint)`, the one form in which problems are printed. */
export function formatProblem(problem: Problem): string {
  const where = problem.at ? `${problem.at.file}:${problem.at.line}:${problem.at.column}: ` : '';
  const hint = problem.hint ? ` (${problem.hint})` : '';
  return `${where}${problem.message}${hint}`;
}

/** The sentence of any thrown value; several problems in one line. */
export function messageOf(error: unknown): string {
  if (error instanceof InputError) return error.problems.map(formatProblem).join('; ');
  return error instanceof Error ? error.message : String(error);
}

/** An error that nobody foresaw, in the work for one app: it is that app's, and the others go on. */
export const defectProblem = (error: unknown, app: string): Problem => ({
  message: `this is a defect in Holdfast: ${messageOf(error)}`,
  hint: 'please report it, with the files of this app; the other apps go on',
  app,
});
