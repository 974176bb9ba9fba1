/** Exit codes of all commands; each command's help says what they mean for it. */
export const EXIT = { ok: 0, differences: 1, failed: 1, input: 2 } as const;
