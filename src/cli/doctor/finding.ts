/** The result of one check. `todo`: what a person does about it. */
export type Finding =
  | { level: 'ok'; message: string }
  | { level: 'warning' | 'problem'; message: string; todo: string };

/** A finding, and the check that it is of. */
export type Found = Finding & { check: string };

export const ok = (message: string): Finding => ({ level: 'ok', message });
export const warning = (message: string, todo: string): Finding => ({ level: 'warning', message, todo });
export const problem = (message: string, todo: string): Finding => ({ level: 'problem', message, todo });
