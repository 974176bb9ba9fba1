import type { EngineFacts } from '../../../model/state.ts';
import { type Finding, ok, problem, warning } from '../finding.ts';
import type { Subject } from '../subject.ts';

/** Does the engine answer, and may this user ask it? */
export async function checkEngine({ facts }: Subject): Promise<Finding> {
  const { product, version, apiVersion } = await facts();
  return ok(`${product} ${version} answers, with API ${apiVersion}`);
}

/** Does the kernel keep limits of memory? */
export async function checkCgroup({ facts }: Subject): Promise<Finding> {
  const answer = await facts().catch(() => undefined);
  return answer
    ? cgroupFinding(answer)
    : problem('it is not known if memory limits work: the engine does not answer', 'mend `engine` first');
}

/** The finding by what the engine says of itself. */
export function cgroupFinding({ product, can: { unreported } }: Pick<EngineFacts, 'product' | 'can'>): Finding {
  return unreported.includes('Memory')
    ? warning(
        `${product} sets no memory limits on this machine: one app can take all of its memory`,
        'add cgroup_enable=memory cgroup_memory=1 to the command line of the kernel (on a Raspberry Pi in /boot/firmware/cmdline.txt), then restart the machine',
      )
    : ok('memory limits work');
}
