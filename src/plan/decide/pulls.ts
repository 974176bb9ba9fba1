import { own } from '../../lib/maps/own.ts';
import { servicesAndHooks } from '../../model/app/services-and-hooks.ts';
import type { DesiredService } from '../../model/state.ts';
import { serviceKey } from '../../model/subject.ts';
import { type AppFacts, attempt } from '../facts/app-facts.ts';
import type { Known, Need, Pull } from './decision.ts';

/** `pull_policy: always`: one pull for each digest of the app, even if no container has to be made, and before any is made. */
export function decideAlwaysPulled(facts: AppFacts): Pull[] {
  const { desired, memory, options, digest } = facts;
  if (!options.pullAlways) return [];
  const pulls = servicesAndHooks(desired).flatMap((service) => {
    const spec = service.containers[0]?.spec;
    if (service.pullPolicy !== 'always' || !spec) return [];
    if (memory.pulled[serviceKey({ app: desired.name, service: service.name })] === digest) return [];
    return [pullFor(facts, service, spec.Image, spec.Platform, 'pull_policy is always')];
  });
  return pulls.filter((pull, index) => pulls.findIndex((each) => isSame(each, pull)) === index);
}

/**
 * An image that is on the disk is used and no registry is asked, unless the pull policy says so; and even then the container is made from the image
 * that is there, if the registry does not answer. A text is the reason that there is no image.
 */
export function needImage(
  known: Known,
  service: DesiredService,
  image: string,
  platform: string | undefined,
): Need[] | string {
  const isThere = own(known.facts.actual.images, image) !== undefined;
  const pull = pullFor(known.facts, service, image, platform, 'not on the disk');
  const decided = decidedPulls(known).find((each) => isSame(each, pull));
  if (isThere && (!decided || decided.change.withheld)) return [];
  if (!decided && service.pullPolicy === 'built')
    return `image ${image} is not on the engine: run \`docker compose build\` there, or name an image that can be pulled`;
  if (!decided && service.pullPolicy === 'never') return `image ${image} is not on the disk, and pull_policy is never`;
  return [{ kind: 'pull', pull: decided ?? pull, isHeld: (decided ?? pull).change.withheld !== undefined }];
}

/** Pulls that were decided already, for this service or another one. */
const decidedPulls = ({ alwaysPulled, services }: Known): Pull[] => [
  ...alwaysPulled,
  ...[...services.values()].flatMap(({ decisions }) =>
    decisions.flatMap((each) =>
      'needs' in each ? each.needs.flatMap((need) => ('pull' in need ? need.pull : [])) : [],
    ),
  ),
];

const isSame = (one: Pull, other: Pull): boolean => one.image === other.image && one.platform === other.platform;

function pullFor(
  facts: AppFacts,
  service: DesiredService,
  image: string,
  platform: string | undefined,
  reason: string,
): Pull {
  const pulling = {
    service: service.name,
    subject: { kind: 'image', reference: image },
    // A pull changes nothing that runs, so that selfHeal does not hold it back.
    cause: 'revision',
    windows: 'never',
    retry: { purpose: 'converge', goal: facts.digest, counts: 'failures' },
  } as const;
  const change = attempt(facts, pulling, facts.forbidden);
  return { image, platform, always: service.pullPolicy === 'always', reason, change };
}
