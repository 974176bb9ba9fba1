import { own } from '../../lib/own.ts';

/** Numbers of Linux' signals by name: engines answer with a name or a number. */
const NUMBERS: Record<string, number> = {
  HUP: 1,
  INT: 2,
  QUIT: 3,
  ILL: 4,
  TRAP: 5,
  ABRT: 6,
  BUS: 7,
  FPE: 8,
  KILL: 9,
  USR1: 10,
  SEGV: 11,
  USR2: 12,
  PIPE: 13,
  ALRM: 14,
  TERM: 15,
  STKFLT: 16,
  CHLD: 17,
  CONT: 18,
  STOP: 19,
  TSTP: 20,
  TTIN: 21,
  TTOU: 22,
  URG: 23,
  XCPU: 24,
  XFSZ: 25,
  VTALRM: 26,
  PROF: 27,
  WINCH: 28,
  IO: 29,
  PWR: 30,
  SYS: 31,
};

/** `SIGTERM`, `term` and `15` are `15`; `SIGRTMIN+3` is `37`. Other words stay as they are. */
export function signalNumber(signal: string): string {
  const name = signal.toUpperCase().replace(/^SIG/, '');
  const known = own(NUMBERS, name);
  if (known) return String(known);
  const realTime = /^RT(MIN|MAX)([+-]\d+)?$/.exec(name);
  if (!realTime) return name;
  return String((realTime[1] === 'MIN' ? 34 : 64) + Number(realTime[2] ?? 0));
}
