import { schemaProblems } from '../../../src/fleet/schema/schema.ts';
import type { DesiredApp } from '../../../src/model/state.ts';
import type { SitePlaces } from '../../../src/policy/asks.ts';
import { type Policy, violationsOf } from '../../../src/policy/policy.ts';
import { parsePolicy } from '../../../src/policy/policy-file.ts';

export const PLACES: SitePlaces = {
  filesDir: '/files',
  secretsDir: '/run/holdfast/secrets',
  own: ['/etc/holdfast', '/var/lib/holdfast/state'],
  sockets: ['/run/docker.sock', '/run/containerd/containerd.sock', '/run/user/*/podman/podman.sock'],
};

/** A policy with this spec, in YAML without indentation. */
export const policy = (spec: string): Promise<Policy> => {
  const indented = spec.replace(/^(?=.)/gm, '  ');
  const text = `apiVersion: holdfast/v1\nkind: Policy\nspec:\n${indented}\n`;
  return parsePolicy(text, 'policy.yaml', (root) => schemaProblems(root, 'Policy'));
};

/** `rule: service: words` of each violation. */
export const refusals = (given: Policy, app: DesiredApp): string[] =>
  violationsOf(given, app, PLACES).map(({ rule, service, words }) =>
    [rule, service, words].filter((part) => part !== undefined).join(': '),
  );
