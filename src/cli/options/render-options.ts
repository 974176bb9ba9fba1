import { InputError } from '../../lib/errors.ts';
import { desiredOptions, factsOption } from './desired-options.ts';
import { oneOf, text } from './kinds.ts';
import { type OptionsOf, optional, withDefault } from './option.ts';

export const renderOptions = {
  ...desiredOptions,
  ...factsOption,
  format: withDefault(
    oneOf('engine', 'compose'),
    'engine',
    'the words to use: `compose` prints one app as `docker compose config --format json` does',
  ),
  output: optional(oneOf('yaml', 'json'), 'the syntax (default: yaml; --format compose is always json)', {
    short: 'o',
  }),
  app: optional(text('name'), 'print this app only'),
};

export type RenderOptions = OptionsOf<typeof renderOptions>;

/** Names the apps that there are. */
export function noSuchApp(site: string, app: string, names: readonly string[]): InputError {
  const hint = names.length > 0 ? `it has ${names.join(', ')}` : 'it has none';
  return InputError.of(`${site} has no app ${app}`, hint);
}
