import { realContract } from './real.ts';

realContract('Podman');
