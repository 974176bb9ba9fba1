import { EngineError, formatProblem, HoldfastError, InputError, SourceError, StateError } from '../../lib/errors.ts';
import type { Log } from '../../lib/log.ts';
import { shortRevision } from '../../lib/text/revision.ts';
import type { BrokenApp } from '../../model/state.ts';
import { TrustError } from '../../trust/trust-error.ts';
import type { Accepted } from '../state/accepted.ts';
import { pinnedText } from './pin.ts';
import type { BadPin } from './refusals.ts';

/** Something that keeps a site from following its repo. */
export type Trouble =
  /** A poll failed; the next one may not. */
  | { kind: 'failed'; error: Error; repo: string }
  /** The site does not trust the commit, or may not take so much. */
  | { kind: 'refused'; errors: readonly (TrustError | SourceError)[]; commit: string; isKept: boolean }
  /** The site's own documents cannot be used. */
  | { kind: 'unusable'; error: InputError; commit: string }
  /** The commit is good, and the one that it pins is not. */
  | { kind: 'badPin'; bad: BadPin; commit: string; isKept: boolean }
  /** Some apps cannot be used. */
  | { kind: 'broken'; apps: readonly BrokenApp[]; accepted: Accepted };

export interface Explained {
  level: 'warn' | 'error';
  lines: readonly { text: string; fields?: Record<string, unknown> }[];
  /** The line for the end of the trouble. */
  over?: string;
}

/** The one place that turns trouble with the repo into words for the log. */
export function explain(trouble: Trouble): Explained {
  switch (trouble.kind) {
    case 'failed':
      return explainFailure(trouble.error, trouble.repo);
    case 'refused':
      return {
        level: 'error',
        lines: trouble.errors.map(({ message, code, kind }) => ({
          text: `${shortRevision(trouble.commit)} is refused: ${message}${kept(trouble.isKept)}`,
          fields: { code, kind, revision: trouble.commit },
        })),
      };
    case 'unusable':
      return {
        level: 'error',
        lines: trouble.error.problems.map((problem) => ({
          text: `${shortRevision(trouble.commit)} is refused: ${formatProblem(problem)}`,
        })),
      };
    case 'badPin': {
      const { error, pin, named } = trouble.bad;
      const problems = error instanceof InputError ? error.problems : [{ at: pin.at, message: error.message }];
      const fields = {
        code: error.code,
        kind: error instanceof TrustError ? error.kind : undefined,
        revision: trouble.commit,
        pinned: named?.commit,
      };
      const what = pinnedText(pin.revision, named?.commit);
      return {
        level: 'error',
        lines: problems.map((problem) => ({
          text: `the commit that the site pins, ${what}, is refused: ${formatProblem(problem)}${kept(trouble.isKept)}`,
          fields,
        })),
      };
    }
    case 'broken': {
      const { pin, apps } = trouble.accepted;
      const where = pin ? `${pinnedText(pin.revision, pin.commit)}: ` : '';
      return {
        level: 'error',
        lines: trouble.apps.flatMap(({ name, problems }) => {
          const before = apps[name] ? `; ${name} stays as it was at ${shortRevision(apps[name].revision)}` : '';
          return problems.map((problem) => ({
            text: `${where}${formatProblem(problem)}${before}`,
            fields: { app: name },
          }));
        }),
      };
    }
  }
}

function explainFailure(error: Error, repo: string): Explained {
  const { message } = error;
  const meanwhile = 'the site enforces its accepted state meanwhile';
  if (error instanceof InputError)
    return {
      level: 'error',
      lines: [{ text: `${message}; ${meanwhile}` }],
      over: "the site's own values can be read again",
    };
  if (error instanceof EngineError)
    return {
      level: 'warn',
      lines: [{ text: `cannot ask the engine for the stack to adopt: ${message}; ${meanwhile}` }],
      over: 'the engine answers again: stacks to adopt can be looked up',
    };
  const fields = {
    code: error instanceof HoldfastError ? error.code : undefined,
    kind: error instanceof SourceError ? error.kind : undefined,
  };
  // The repo answered, and this machine has no room for the answer.
  const isLocal = error instanceof StateError || (error instanceof SourceError && error.kind === 'local');
  return isLocal
    ? {
        level: 'warn',
        lines: [{ text: `cannot store the state from ${repo}: ${message}; ${meanwhile}`, fields }],
        over: `the state from ${repo} can be stored again`,
      }
    : {
        level: 'warn',
        lines: [{ text: `cannot read ${repo}: ${message}; ${meanwhile}`, fields }],
        over: `${repo} answers again`,
      };
}

const kept = (isKept: boolean): string => (isKept ? '; the site enforces its accepted state meanwhile' : '');

export function tell(log: Log, { level, lines }: Explained): void {
  for (const { text, fields } of lines) log[level](text, fields);
}

/** The same words say the same trouble. */
export const wordsOf = ({ lines }: Explained): string => lines.map(({ text }) => text).join('\n');
