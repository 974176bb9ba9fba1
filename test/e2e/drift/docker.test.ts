import { driftDrill } from './drill.ts';

driftDrill('Docker 20.10');
