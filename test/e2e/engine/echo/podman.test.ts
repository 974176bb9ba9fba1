import { engineEcho } from './echo.ts';

engineEcho('Podman');
