import { describe, test } from '@jest/globals';
import { engineContract } from '../support/engine-contract.ts';
import { ENGINES, realSubject } from '../support/engine-under-test.ts';

for (const [name, host] of Object.entries(ENGINES)) {
  if (host) engineContract(name, () => realSubject(host));
  else {
    describe(`${name} keeps the contract of an engine`, () => {
      test.skip('no such engine was lent', () => undefined);
    });
  }
}
