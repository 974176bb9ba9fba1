import { tellStories } from './stories.ts';
import { sharesNetworks } from './story/authors.ts';

tellStories('a simulated site whose services share networks of others', sharesNetworks);
