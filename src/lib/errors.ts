/** A place in a file that a person can open. Lines and columns count from 1. */
export interface Position {
  file: string;
  line: number;
  column: number;
}

/** One problem in something that a person wrote. */
export interface Problem {
  /** One sentence that says the problem and its reason, and names the key or value. */
  message: string;
  /** The position of the problem; absent only when no file is involved, as for a flag. */
  at?: Position | undefined;
  /** Advice: the user can do this about it. */
  hint?: string | undefined;
  /** The Application that has the problem, if it is known. */
  app?: string | undefined;
  /** The variable without a value, if that is the problem. The variable may have a value on other sites. */
  missing?: string | undefined;
}

/** The family of all errors that Holdfast raises on purpose. `code` is stable; `message` is a sentence for people. */
export abstract class HoldfastError extends Error {
  abstract readonly code: string;
}

/** An error of several kinds, each with its own remedy. `kind` is stable, too. */
export abstract class KindError<Kind extends string> extends HoldfastError {
  readonly kind: Kind;
  constructor(kind: Kind, message: string, options?: ErrorOptions) {
    super(message, options);
    this.kind = kind;
  }
}

/** A document, a flag or the layout of a repo cannot be used. Commands exit with 2 and have changed nothing. */
export class InputError extends HoldfastError {
  readonly code = 'INPUT';
  readonly problems: readonly Problem[];
  constructor(problems: readonly Problem[], options?: ErrorOptions) {
    super(problems.map(formatProblem).join('\n'), options);
    this.problems = problems;
  }
  /** One problem that has no place in a file, as that of a flag. */
  static of(message: string, hint?: string): InputError {
    return new InputError([{ message, hint }]);
  }
  /** One problem at a place in a file. */
  static at(at: Position | undefined, message: string, hint?: string): InputError {
    return new InputError([{ message, at, hint }]);
  }
}

/** The reason why a container engine did not do something. Status codes differ between engines; these words do not. */
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

export class EngineError extends KindError<EngineErrorKind> {
  readonly code = 'ENGINE';
}

/** The reason why desired state could not be fetched. */
export type SourceErrorKind =
  | 'unreachable' // no answer, or the connection broke: try again later
  | 'dns' // the server's name does not resolve
  | 'tls' // there is no secure connection to the right server
  | 'clock' // the certificate's dates do not fit this machine's clock
  | 'proxy' // the proxy refuses the connection
  | 'portal' // a web page came instead of Git
  | 'busy' // the server asks us to wait
  | 'server' // the server has an internal error
  | 'hostKey' // the key of the SSH server differs from the known one, or no key is known
  | 'auth' // the credentials are missing, cannot be read, or are refused
  | 'notFound' // no such repo, revision, folder or object
  | 'protocol' // the server does not follow the Git protocol
  | 'limit' // it is larger than a site accepts
  | 'local' // this machine cannot store it now, for example because its disk is full
  | 'path' // a name could lead out of the repo, or a folder has two entries of one name
  | 'aborted'; // we stopped it

export class SourceError extends KindError<SourceErrorKind> {
  readonly code = 'SOURCE';
  /** Milliseconds that the server asks us to wait. */
  readonly retryAfter: number | undefined;
  constructor(kind: SourceErrorKind, message: string, options?: ErrorOptions & { retryAfter?: number | undefined }) {
    super(kind, message, options);
    this.retryAfter = options?.retryAfter;
  }
}

/** A file in the state directory cannot be read, used or written. */
export class StateError extends HoldfastError {
  readonly code = 'STATE';
}

/** `file:line:column: message (hint)`: every problem is printed in this form. */
export function formatProblem(problem: Problem): string {
  const where = problem.at ? `${problem.at.file}:${problem.at.line}:${problem.at.column}: ` : '';
  const hint = problem.hint ? ` (${problem.hint})` : '';
  return `${where}${problem.message}${hint}`;
}

/** The same problem with another text for its message and its hint. */
export const rewrittenProblem = <P extends Problem>(problem: P, rewrite: (text: string) => string): P => ({
  ...problem,
  message: rewrite(problem.message),
  hint: problem.hint && rewrite(problem.hint),
});

/** The message of any thrown value. Several problems are joined in one line. */
export function messageOf(error: unknown): string {
  if (error instanceof InputError) return error.problems.map(formatProblem).join('; ');
  return error instanceof Error ? error.message : String(error);
}

/** The problem for an unexpected error in the work for one app. Only that app is broken; the others continue. */
export const defectProblem = (error: unknown, app: string): Problem => ({
  message: `this is a defect in Holdfast: ${messageOf(error)}`,
  hint: 'please report it, with the files of this app; the other apps continue',
  app,
});
