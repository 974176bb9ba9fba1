import { driftDrill } from './drill.ts';
import { NETWORK_ROWS } from './network-rows.ts';

driftDrill('Podman', NETWORK_ROWS);
