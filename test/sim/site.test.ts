import { tellStories } from './stories.ts';
import { sharesNetworks } from './story/authors.ts';

tellStories('a simulated site whose services have networks of their own', (seed) => !sharesNetworks(seed));
