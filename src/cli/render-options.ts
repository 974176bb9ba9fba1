import { InputError } from '../lib/errors.ts';
import type { DesiredOptions } from './desired.ts';

/** The flags of `render`. */
export interface RenderOptions extends DesiredOptions {
  format: 'engine' | 'compose';
  output?: 'yaml' | 'json';
  app?: string;
}

/** Names what there is instead. */
export function noSuchApp(site: string, app: string, names: readonly string[]): InputError {
  const hint = names.length > 0 ? `it has ${names.join(', ')}` : 'it has none';
  return InputError.at(undefined, `${site} has no app ${app}`, hint);
}
