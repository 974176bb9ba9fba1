import { engineView } from './engine-view.ts';

engineView('Docker 20.10');
