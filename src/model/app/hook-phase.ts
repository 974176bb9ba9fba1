/** The moment at which a hook runs. The words are those of Argo CD. */
export const HOOK_PHASES = ['PreSync', 'PostSync', 'SyncFail'] as const;
export type HookPhase = (typeof HOOK_PHASES)[number];

/** The labels that a container of a hook has. */
export interface HookMark {
  phase: string;
  /** The digest of the change that it ran for. */
  change: string;
}
