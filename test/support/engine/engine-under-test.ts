import type { EngineApi } from '../../../src/engine/api.ts';
import { connectionFrom } from '../../../src/engine/client/connection.ts';
import { dockerApi } from '../../../src/engine/client/docker-api.ts';
import type { ContractSubject } from './engine-contract.ts';

/** Engines that the test run lends, by the variable that names their socket. Unset: the tests of that engine are skipped. */
export const ENGINES = {
  'Docker 20.10': process.env.HOLDFAST_TEST_DOCKER,
  'a newer Docker': process.env.HOLDFAST_TEST_DOCKER_NEW,
  Podman: process.env.HOLDFAST_TEST_PODMAN,
};

export const TEST_IMAGE = 'holdfast-test/busybox:1';

export const openApi = async (host: string): Promise<EngineApi> =>
  dockerApi(await connectionFrom(process.env, host), process.env);

/** A real engine under the contract. */
export async function realSubject(host: string): Promise<ContractSubject> {
  const api = await openApi(host);
  return {
    api,
    image: TEST_IMAGE,
    run: (work) => work,
    pass: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
    close: async () => api.close(),
  };
}
