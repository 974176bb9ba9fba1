import { engineView } from './engine-view.ts';

engineView('a newer Docker');
