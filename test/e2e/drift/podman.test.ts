import { driftDrill } from './drill.ts';

driftDrill('Podman');
