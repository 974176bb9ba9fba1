import { engineEcho } from './echo.ts';

engineEcho('Docker 20.10');
