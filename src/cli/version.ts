import manifest from '../../package.json' with { type: 'json' };

/** The build keeps this one string of the manifest. */
export const VERSION: string = manifest.version;
