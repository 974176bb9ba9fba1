import type { FollowPosition, Successor, TrustState, TrustStore } from '../state/trust-store.ts';

/** The facts about trust at the repo and revision that a site follows. A change counts once it is on the disk, and not before. */
export interface TrustRecord {
  position(): FollowPosition;
  /** The newest trust.yaml that was taken over from Git. */
  successor(): Successor | undefined;
  /** Each commit to come must descend from it; where nothing was verified yet, it is the commit accepted last. */
  floor(): string | undefined;
  /** The commit accepted last, verified or not. */
  accepted(): string | undefined;
  /** One write. An undefined value takes a fact away. Throws StateError, and then nothing changed. */
  save(change: Partial<FollowPosition>, successor?: Successor): Promise<void>;
  accept(commit: string): void;
}

/** `key` names the repo and the revision; `accepted` is the commit that the accepted state came from. */
export function createTrustRecord(
  store: TrustStore,
  state: TrustState,
  key: string,
  accepted: string | undefined,
): TrustRecord {
  const position = (): FollowPosition => state.positions[key] ?? {};
  return {
    position,
    successor: () => state.trust,
    floor: () => position().floor ?? accepted,
    accepted: () => accepted,
    async save(change, successor) {
      const next: TrustState = {
        ...state,
        positions: { ...state.positions, [key]: { ...position(), ...change } },
        trust: successor ?? state.trust,
      };
      await store.save(next);
      state = next;
    },
    accept(commit) {
      accepted = commit;
    },
  };
}
