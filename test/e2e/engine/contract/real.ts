import { describe, test } from '@jest/globals';
import { engineContract } from '../../../support/engine/engine-contract.ts';
import { ENGINES, realSubject } from '../../../support/engine/engine-under-test.ts';

/** The contract on an engine that was lent. Each has a file of its own, so that they run side by side. */
export function realContract(name: keyof typeof ENGINES): void {
  const host = ENGINES[name];
  if (host) engineContract(name, () => realSubject(host));
  else
    describe(`${name} keeps the contract of an engine`, () => {
      test.skip('no such engine was lent', () => undefined);
    });
}
