import type { ExecBody } from '../../../../src/container/engine-api.ts';
import { EngineError } from '../../../../src/lib/errors.ts';
import type { Machine } from './machine.ts';
import type { SimContainer } from './records.ts';

/**
 * Runs a command in a container that runs. Known are busybox' `true`, `false`, `echo`, `sh -c` with `exit N`, and the simulation's own `hook WORD`,
 * which ends well and is only noted.
 */
export function exec(
  machine: Machine,
  container: SimContainer,
  { Cmd }: ExecBody,
): { exitCode: number; output: string } {
  if (container.status !== 'running') {
    throw new EngineError('conflict', `Container ${container.id} is not running`);
  }
  const command = Cmd.join(' ');
  container.execs.push({ command, start: container.agentStarts });
  machine.tell(container, `exec_create: ${command}`);
  machine.tell(container, `exec_start: ${command}`);
  const result = outcomeOf(Cmd);
  machine.tell(container, 'exec_die', { exitCode: `${result.exitCode}` });
  return result;
}

function outcomeOf([program = '', ...words]: readonly string[]): { exitCode: number; output: string } {
  switch (program.replace(/^\/(usr\/)?s?bin\//, '')) {
    case 'true':
    case 'hook':
      return { exitCode: 0, output: '' };
    case 'false':
      return { exitCode: 1, output: '' };
    case 'echo':
      return { exitCode: 0, output: `${words.join(' ')}\n` };
    case 'sh': {
      const script = words[1] ?? '';
      const said = /echo ([^;&>]+)/.exec(script)?.[1]?.trim();
      return { exitCode: Number(/exit (\d+)/.exec(script)?.[1] ?? 0), output: said ? `${said}\n` : '' };
    }
    default:
      return { exitCode: 127, output: `exec: "${program}": executable file not found in $PATH` };
  }
}
