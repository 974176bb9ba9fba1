import manifest from '../../package.json' with { type: 'json' };

/** The bundler keeps this one string of the manifest and drops the rest. */
export const VERSION: string = manifest.version;
