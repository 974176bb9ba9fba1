import { tellStories } from './stories.ts';
import { variationsOf } from './story/variations.ts';

tellStories('a simulated site whose services share networks of others', (seed) => variationsOf(seed).sharing);
