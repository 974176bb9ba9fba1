import { CONTAINER_ROWS } from './container-rows.ts';
import { driftDrill } from './drill.ts';
import { FILE_ROWS } from './file-rows.ts';

// In two files, since Podman takes three times as long as Docker.
driftDrill('Podman', [...CONTAINER_ROWS, ...FILE_ROWS]);
