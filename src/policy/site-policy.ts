import type { Position, Problem } from '../lib/errors.ts';
import type { DesiredApp } from '../model/state.ts';
import type { Asking, SitePlaces } from './asks.ts';
import { isAllowed, type Policy, type Violation, violationsOf } from './policy.ts';

/** The policy of one site, ready to be asked. */
export interface SitePolicy extends Pick<Policy, 'profile' | 'onViolation' | 'digest'> {
  /** Everything that it refuses of an app, as problems for people. `placeOf` finds the place of what asks. */
  problems(app: DesiredApp, placeOf?: PlaceOf): Problem[];
  /** The app may run hooks. */
  allowsHooks(app: DesiredApp): boolean;
  /** The app may bind paths that lead somewhere else by links. */
  allowsLinks(app: string): boolean;
  /** The app may bind the agent's own state, settings and decrypted files, and those of other apps. */
  allowsAgentFolders(app: string): boolean;
}

/** The place in a Compose file of the part of an app that asks. */
export type PlaceOf = (asking: Asking) => Position | undefined;

/** Problems of one app that are told; the rest is a number. */
const TOLD = 20;

/** `hide` takes values out of a text that only the site may know. */
export function createSitePolicy(
  policy: Policy,
  places: SitePlaces,
  hide = (text: string): string => text,
): SitePolicy {
  return {
    profile: policy.profile,
    onViolation: policy.onViolation,
    digest: policy.digest,
    problems(app, placeOf) {
      const found = violationsOf(policy, app, places);
      const told = found.slice(0, TOLD).map((violation) => ({
        ...problemOf(violation, app.name, hide),
        at: placeOf?.(violation),
      }));
      const rest = found.length - told.length;
      return rest > 0
        ? [...told, { message: `the site's policy refuses ${rest} more things of it`, app: app.name }]
        : told;
    },
    allowsHooks: (app) => violationsOf(policy, app, places).every(({ rule }) => rule !== 'hooks'),
    allowsLinks: (app) => isAllowed(policy, app, { rule: 'pathsBelowWritable', value: '' }),
    allowsAgentFolders: (app) => isAllowed(policy, app, { rule: 'agentFolders', value: '' }),
  };
}

function problemOf({ rule, service, words }: Violation, app: string, hide: (text: string) => string): Problem {
  const isCeiling = rule === 'memory' || rule === 'cpus';
  return {
    message: hide(`the site's policy refuses it (${rule}): ${service === undefined ? '' : `${service}: `}${words}`),
    hint: `take it out, or change ${isCeiling ? 'limits' : 'allow'}.${rule} in the policy of the site`,
    app,
  };
}

/** An app that the policy forbids, with these problems. Hooks that it refuses do not run any more. */
export function forbidden(app: DesiredApp, problems: Problem[], policy: SitePolicy): DesiredApp {
  const isStopped = policy.onViolation === 'stop';
  const marked = { ...app, forbidden: { problems, isStopped } };
  return policy.allowsHooks(app) ? marked : { ...marked, services: app.services.map(withoutHooks) };
}

const withoutHooks = (service: DesiredApp['services'][number]): DesiredApp['services'][number] => ({
  ...service,
  containers: service.containers.map(({ hooks: _, ...container }) => container),
});
