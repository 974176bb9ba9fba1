import { schemaProblems } from '../../../../src/fleet/schema/schema.ts';
import type { Trust } from '../../../../src/trust/trust.ts';
import { parseTrust } from '../../../../src/trust/trust-file.ts';
import type { Candidate } from '../../../../src/trust/verify/verification.ts';
import { verifyCommit } from '../../../../src/trust/verify/verify-commit.ts';
import { Forge, type Person, person } from '../../../support/git/forge.ts';

export const ada = person('ada');

export const bob = person('bob');

export const eve = person('eve');

export const document = (spec: object, signers: object[]): string =>
  JSON.stringify({ apiVersion: 'holdfast/v1', kind: 'Trust', spec: { ...spec, signers } });

export const signer = ({ name, line }: Person, more: object = {}): object => ({ name, ssh: [line], ...more });

export const readTrust = (text: string): Promise<Trust> =>
  parseTrust(text, 'trust.yaml', (root) => schemaProblems(root, 'Trust'));

export const trusting = (people: Person[], spec: object = {}): Promise<Trust> =>
  readTrust(
    document(
      spec,
      people.map((one) => signer(one)),
    ),
  );

export const NOW = Date.UTC(2026, 5, 1);

export function forge(): Forge {
  const made = new Forge();
  made.readTrust = readTrust;
  return made;
}

export async function said(
  repo: Forge,
  trust: Trust,
  floor: string | undefined,
  candidate: string | Candidate,
  now: number | undefined = NOW,
): Promise<string> {
  const wanted = typeof candidate === 'string' ? { commit: candidate } : candidate;
  const { refusals } = await verifyCommit(wanted, { floor, trust, now }, repo);
  return refusals[0] ? `${refusals[0].kind}: ${refusals[0].message}` : 'accepted';
}
