import { realContract } from './real.ts';

realContract('Docker 20.10');
