/** Linux' signals in the order of their numbers, from 1: engines answer with a name or a number. */
const NAMES = [
  ...[
    'HUP',
    'INT',
    'QUIT',
    'ILL',
    'TRAP',
    'ABRT',
    'BUS',
    'FPE',
    'KILL',
    'USR1',
    'SEGV',
    'USR2',
    'PIPE',
    'ALRM',
    'TERM',
  ],
  ...['STKFLT', 'CHLD', 'CONT', 'STOP', 'TSTP', 'TTIN', 'TTOU', 'URG', 'XCPU', 'XFSZ', 'VTALRM', 'PROF', 'WINCH'],
  ...['IO', 'PWR', 'SYS'],
];

/** `SIGTERM`, `term` and `15` are `15`; `SIGRTMIN+3` is `37`. Other words stay as they are. */
export function signalNumber(signal: string): string {
  const name = signal.toUpperCase().replace(/^SIG/, '');
  const index = NAMES.indexOf(name);
  if (index >= 0) return String(index + 1);
  const realTime = /^RT(MIN|MAX)([+-]\d+)?$/.exec(name);
  if (!realTime) return name;
  return String((realTime[1] === 'MIN' ? 34 : 64) + Number(realTime[2] ?? 0));
}
