import { tellStories } from './stories.ts';
import { variationsOf } from './story/variations.ts';

tellStories('a simulated site whose services have networks of their own', (seed) => !variationsOf(seed).sharing);
