import { realContract } from './real.ts';

realContract('a newer Docker');
