import { engineView } from './engine-view.ts';

engineView('Podman');
