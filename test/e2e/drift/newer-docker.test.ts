import { driftDrill } from './drill.ts';

driftDrill('a newer Docker');
