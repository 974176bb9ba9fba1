import { realContract } from '../e2e/engine/contract/real.ts';
import { engineView } from './engine-view.ts';

engineView('Podman');

// A connect that Podman 4.3 refuses, which is part of the contract, keeps it from listing any container until it is undone.
realContract('Podman');
