import type { ContainerBody } from '../../../../src/container/engine-api.ts';
import type { SimContainer } from './records.ts';

/** The behaviour of a process after its start. Times are virtual milliseconds. */
export type Program =
  | { kind: 'runs'; onTerm: Term }
  | { kind: 'exits'; code: number; after: number; onTerm: Term }
  /** The runtime finds no such executable. */
  | { kind: 'missing'; command: string };

/** Its reaction to the stop signal: it ends with a code after a while, or ignores it until it is killed. */
type Term = { code: number; after: number } | 'ignored';

const PROMPT: Term = { code: 0, after: 40 };

/**
 * Reads a container's command as a program. Known are busybox' `sleep`, `true`, `false`, `echo`, `sh -c` with these and `exit`, and
 * `trap`; and four words of the simulation itself: `serve` runs for ever, `job MS` ends well, `crash MS` ends badly, `settle N` ends badly
 * in its first N runs.
 */
export function programOf(container: SimContainer): Program {
  const argv = argvOf(container.body);
  const term: Term = container.body.HostConfig.Init === true ? { code: 143, after: 20 } : 'ignored';
  return interpret(argv, container, term);
}

/** The output of a run of it: the words of each `echo`, on either stream. */
export function printedBy(container: SimContainer): string {
  const [command = '', ...words] = argvOf(container.body);
  const name = command.replace(/^\/(usr\/)?s?bin\//, '');
  if (name === 'echo') return `${words.join(' ')}\n`;
  const parts = name === 'sh' && words[0] === '-c' ? (words[1] ?? '').split(/;|&&/) : [];
  return parts
    .flatMap((part) => /^\s*echo ([^>]*?)\s*(?:>&2)?\s*$/.exec(part)?.slice(1) ?? [])
    .join('\n')
    .concat(parts.length > 0 ? '\n' : '');
}

function argvOf(body: ContainerBody): string[] {
  const entrypoint = typeof body.Entrypoint === 'string' ? [body.Entrypoint] : (body.Entrypoint ?? []);
  return [...entrypoint, ...(body.Cmd ?? [])];
}

function interpret(argv: readonly string[], container: SimContainer, term: Term): Program {
  const command = argv[0] ?? '';
  const value = Number(argv[1] ?? '0');
  switch (command.replace(/^\/(usr\/)?s?bin\//, '')) {
    case 'serve':
      // Not 0: with a policy of `no` that would be a job well done.
      return { kind: 'runs', onTerm: { code: 143, after: 40 } };
    case 'job':
      return { kind: 'exits', code: 0, after: value, onTerm: PROMPT };
    case 'crash':
      return { kind: 'exits', code: 1, after: value, onTerm: PROMPT };
    case 'settle':
      return container.runs <= value
        ? { kind: 'exits', code: 1, after: 150, onTerm: PROMPT }
        : { kind: 'runs', onTerm: { code: 143, after: 40 } };
    case 'sleep':
      return Number.isFinite(value)
        ? { kind: 'exits', code: 0, after: value * 1000, onTerm: term }
        : { kind: 'runs', onTerm: term };
    case 'true':
    case 'echo':
    case 'env':
      return { kind: 'exits', code: 0, after: 10, onTerm: PROMPT };
    case 'false':
      return { kind: 'exits', code: 1, after: 10, onTerm: PROMPT };
    case 'top':
    case 'cat':
    case 'tail':
    case 'httpd':
      return { kind: 'runs', onTerm: term };
    case 'sh':
      return argv[1] === '-c' ? script(argv[2] ?? '', term) : { kind: 'runs', onTerm: term };
    default:
      return { kind: 'missing', command };
  }
}

/** A line of shell: commands joined by `;` or `&&`. A loop or an `exec` of something long never ends. */
function script(text: string, term: Term): Program {
  const trap = /trap\s+(['"])(.*?)\1\s+(?:SIG)?TERM/.exec(text);
  const trapped = trap?.[2] ?? '';
  const code = /exit\s+(\d+)/.exec(trapped)?.[1];
  const onTerm: Term = trap ? (code === undefined ? 'ignored' : { code: Number(code), after: 30 }) : term;
  const rest = text.replace(/trap\s+(['"]).*?\1[\sA-Z]*(;|&&|$)/g, '');
  if (/\b(while|until|wait|tail -f)\b/.test(rest)) return { kind: 'runs', onTerm };
  let after = 10;
  let last = 0;
  for (const part of rest.split(/;|&&/)) {
    const [word, argument] = part
      .trim()
      .replace(/^exec /, '')
      .split(/\s+/);
    if (word === 'sleep') after += Number(argument) * 1000;
    if (word === 'exit') return { kind: 'exits', code: Number(argument ?? last), after, onTerm };
    last = word === 'false' ? 1 : 0;
  }
  return { kind: 'exits', code: last, after, onTerm };
}

/**
 * True when a probe passes. Besides busybox' `true`, `false`, `exit N` and `test -f PATH` it knows `ready MS`: passes from that long after the start.
 */
export function probePasses(container: SimContainer, upFor: number): boolean {
  if (container.sick) return false;
  const test = container.body.Healthcheck?.Test ?? [];
  const words = test[0] === 'CMD-SHELL' ? (test[1] ?? '').trim().split(/\s+/) : test.slice(1);
  const command = (words[0] ?? '').replace(/^\/bin\//, '');
  if (command === 'ready') return upFor >= Number(words[1] ?? '0');
  if (command === 'exit') return words[1] === '0';
  if (command === 'test' || command === '[') return container.files.has(words[2] ?? '');
  return command !== 'false';
}
