import { engineEcho } from './echo.ts';

engineEcho('a newer Docker');
