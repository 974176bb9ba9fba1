import type { Operation, OperationKind } from '../../model/plan.ts';
import type { Draft } from './draft.ts';

/** The handle of the operation that stops a container; undefined: none does. The same for the others below. */
export const stopOf = (draft: Draft, id: string): number | undefined => firstOn(draft, id, 'stopContainer');

export const removalOf = (draft: Draft, id: string): number | undefined => firstOn(draft, id, 'removeContainer');

/** It leaves a network. */
export const leaveOf = (draft: Draft, id: string, network: string): number | undefined =>
  draft.on(id).find((each) => each.kind === 'disconnectNetwork' && each.network === network)?.id;

/** It is started because its replacement has to wait, and in this pass. */
export const revivalOf = (draft: Draft, id: string): number | undefined =>
  draft
    .on(id)
    .find(
      ({ id: handle, kind, retry }) =>
        (kind === 'startContainer' || kind === 'unpauseContainer') &&
        retry?.purpose === 'previous' &&
        !draft.isHeld(handle),
    )?.id;

/** It joins networks again that are made again in this pass. */
export const rejoinsOf = (draft: Draft, id: string): number[] =>
  draft
    .on(id)
    .filter(({ kind, subject, withheld }) => kind === 'connectNetwork' && subject.kind === 'network' && !withheld)
    .map((each) => each.id);

/** A network or volume is created as Git says. */
export const creationOf = (draft: Draft, kind: 'network' | 'volume', name: string): number | undefined =>
  draft
    .about({ kind, name })
    .find((each) => (each.kind === 'createNetwork' || each.kind === 'createVolume') && each.onlyIfFailed === undefined)
    ?.id;

/** A file of Git is written. */
export const writeOf = (draft: Draft, app: string, path: string): number | undefined =>
  draft.about({ kind: 'files', app }).find((each) => each.kind === 'writeFile' && each.file.path === path)?.id;

export const pullOf = (draft: Draft, image: string, platform: string | undefined): number | undefined =>
  draft
    .about({ kind: 'image', reference: image })
    .find((each) => each.kind === 'pullImage' && each.platform === platform)?.id;

function firstOn(draft: Draft, id: string, kind: OperationKind): number | undefined {
  return draft.on(id).find((each: Operation) => each.kind === kind)?.id;
}
