import type { CompileOptions } from '../../compose/load/values/values.ts';
import { InputError, SourceError } from '../../lib/errors.ts';
import type { Pin, SiteFacts } from '../../model/fleet.ts';
import type { SitePolicy } from '../../policy/site-policy.ts';
import type { FetchedSnapshot, Polled } from '../../source/source.ts';
import { TrustError } from '../../trust/trust-error.ts';
import type { Admission } from '../admission/admission.ts';
import type { AdmissionResult, Admitted } from '../admission/admission-result.ts';
import type { PinBefore } from '../admission/pin-admission.ts';
import type { AgentOptions } from '../agent-options.ts';
import type { Accepted } from '../state/accepted.ts';
import { type Gathered, gather, gatherOptions } from './gather.ts';
import { createPinning, type Pinning, pinFault } from './pin.ts';
import type { BadPin, Refusals } from './refusals.ts';

/** The reasons for which a site does not take a commit. All else that goes wrong is thrown, and tried again. */
export type Refusal =
  /** The site does not trust it. */
  | { kind: 'refused'; key: string; until?: number; errors: readonly TrustError[] }
  /** It goes beyond a limit of the site, or has a path that no site takes. */
  | { kind: 'tooMuch'; error: SourceError }
  /** The site's own documents cannot be used: somebody has to commit, or to change the site's own values. */
  | { kind: 'unusable'; key: string; error: InputError }
  /** The commit is good; the one that the Site pins cannot be had, is not trusted, or cannot be used. */
  | { kind: 'badPin'; admitted: Admitted; bad: BadPin };

/** Stage 1: may the site read this commit? Asked first, so that no file is fetched of a commit that is not trusted. */
export async function admit(
  admission: Admission,
  commit: string,
  polled: Polled,
  signal: AbortSignal,
): Promise<AdmissionResult | Refusal> {
  try {
    return await admission.admit(commit, polled, signal);
  } catch (error) {
    return refusalOf(error);
  }
}

export interface GatherInput {
  options: AgentOptions;
  admission: Admission;
  refusals: Refusals;
  polled: Polled;
  /** The pin that the poll asked for. */
  asked: string | undefined;
  /** The state that is accepted now. */
  current: Accepted | undefined;
  /** The site's own settings and values. */
  compile: CompileOptions;
  policy: SitePolicy | undefined;
  facts: (() => Promise<SiteFacts>) | undefined;
}

/** Stage 2: fetches and compiles all that this site needs of the commit, and of the one that its Site pins. */
export async function gatherCommit(
  admitted: Admitted,
  { options, admission, refusals, polled, asked, current, compile, policy, facts }: GatherInput,
  signal: AbortSignal,
): Promise<({ kind: 'gathered' } & Gathered) | Refusal> {
  const { source, clock } = options;
  let snapshot: FetchedSnapshot | undefined;
  let pinning: Pinning | undefined;
  /** The pin as it was accepted, where it is still the same. */
  const before = ({ revision }: Pin): PinBefore | undefined =>
    current?.pin?.revision === revision ? { pin: current.pin, at: current.commit } : undefined;
  try {
    snapshot = await source.fetch(admitted.commit, signal);
    pinning = createPinning({
      source,
      snapshot,
      polled,
      asked,
      admit: async (pin, named) => {
        const leftAlone = refusals.pinError(named.commit, clock.monotonic());
        if (leftAlone) throw leftAlone;
        return admission.admitPin(named, admitted, before(pin), signal);
      },
      signal,
    });
    await admission.requireAnnounced(snapshot, admitted);
    const from = {
      ...gatherOptions(options, compile),
      territory: options.territory,
      policy,
      facts,
      pinned: pinning.open,
    };
    return { kind: 'gathered', ...(await gather(snapshot, from, current)) };
  } catch (error) {
    return refusalOf(error, admitted, pinning);
  } finally {
    await pinning?.dispose();
    await snapshot?.dispose();
  }
}

/** Throws what is no refusal. */
function refusalOf(error: unknown, admitted?: Admitted, pinning?: Pinning): Refusal {
  const pin = pinning?.found();
  const fault = pin && pinFault(error, pin);
  if (admitted && pin && fault)
    return { kind: 'badPin', admitted, bad: { pin, named: pinning?.named(), error: fault } };
  if (admitted && error instanceof TrustError) return { kind: 'refused', key: admitted.key, errors: [error] };
  if (admitted && error instanceof InputError) return { kind: 'unusable', key: admitted.key, error };
  if (error instanceof SourceError && (error.kind === 'limit' || error.kind === 'path'))
    return { kind: 'tooMuch', error };
  throw error;
}
