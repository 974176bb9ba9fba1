import type { EngineCase } from './case.ts';
import { HOST_CASES } from './host-cases.ts';
import { MOUNT_CASES } from './mount-cases.ts';
import { NETWORK_CASES } from './network-cases.ts';
import { PROCESS_CASES } from './process-cases.ts';

/** All that both make, and that must inspect the same. */
export const ENGINE_CASES: EngineCase[] = [...PROCESS_CASES, ...NETWORK_CASES, ...MOUNT_CASES, ...HOST_CASES];
