import { type Host, unseenHost } from '../../host/host.ts';
import { mountedHost } from '../../host/mounted-host.ts';
import { systemClock } from '../../lib/clock.ts';
import { InputError } from '../../lib/errors.ts';

/** The machine of the engine, as far as a command can see it. Throws InputError for a folder of this machine beside an engine of another. */
export function hostByHand(
  { hostRoot, filesDir }: { hostRoot?: string | undefined; filesDir: string },
  elsewhere: boolean,
): Host {
  if (!elsewhere) return mountedHost({ clock: systemClock, root: hostRoot, filesDir });
  if (hostRoot === undefined) return unseenHost;
  throw InputError.of(
    '--host-root shows the devices of this machine, and the engine is on another one',
    'run the command on that machine, or leave --host-root out: then devices are not seen, and park nothing',
  );
}
