/** The container that one replica of a service has. Replicas are numbered from 1. */
export interface SlotId {
  app: string;
  service: string;
  number: number;
}

/** The thing that an operation works on. Two operations on one subject are never carried out by two runs at once. */
export type Subject =
  | ({ kind: 'slot' } & SlotId)
  | { kind: 'image'; reference: string }
  | { kind: 'network' | 'volume'; name: string }
  /** Files of Git below the app's folder. */
  | { kind: 'files'; app: string };

/**
 * The aim of an attempt. Each aim has a backoff of its own: a container whose hook fails can still be replaced.
 *
 * - `converge`: the subject becomes what Git says.
 * - `repair`: a container is put right as it is, by its networks, limits or name.
 * - `hooks`: its post_start hooks run.
 * - `previous`: the last good container runs while its replacement has to wait.
 * - `recreate`: a network or volume that was there and is gone is made again.
 */
export type Purpose = (typeof PURPOSES)[number];

const PURPOSES = ['converge', 'repair', 'hooks', 'previous', 'recreate'] as const;

/** An attempt that a backoff counts. */
export interface Retry {
  purpose: Purpose;
  /** The wanted state, as a hash or in words. Failures for another goal do not count. */
  goal: string;
  /** `attempts`: success counts, too, since it may not last. */
  counts: 'attempts' | 'failures';
}

export const slotSubject = ({ app, service, number }: SlotId): Subject & { kind: 'slot' } => ({
  kind: 'slot',
  app,
  service,
  number,
});

/** The app and the service in one string: the key of what is remembered of a service. */
export const serviceKey = ({ app, service }: Pick<SlotId, 'app' | 'service'>): string => `${app}/${service}`;

/** The key of what is remembered of a slot. No name of an app or service has a slash. */
export const slotKey = ({ app, service, number }: SlotId): string => `${app}/${service}/${number}`;

/** The reverse of `slotKey`, and of `serviceKey` where the number does not matter. */
export function readSlotKey(key: string): SlotId {
  const [app = '', service = '', number = ''] = key.split('/');
  return { app, service, number: Number(number) };
}

export function subjectKey(subject: Subject): string {
  switch (subject.kind) {
    case 'slot':
      return `slot ${slotKey(subject)}`;
    case 'image':
      return `image ${subject.reference}`;
    case 'files':
      return `files ${subject.app}`;
    default:
      return `${subject.kind} ${subject.name}`;
  }
}

/** The key of a backoff, in memory and on the disk. */
export const retryKey = (subject: Subject, purpose: Purpose): string => `${purpose} ${subjectKey(subject)}`;

/** The reverse of `retryKey`; undefined for other text. */
export function readRetryKey(key: string): { subject: Subject; purpose: Purpose } | undefined {
  const [first = '', kind = '', ...rest] = key.split(' ');
  const purpose = PURPOSES.find((each) => each === first);
  const name = rest.join(' ');
  if (!purpose || !name) return undefined;
  switch (kind) {
    case 'slot':
      return { purpose, subject: slotSubject(readSlotKey(name)) };
    case 'image':
      return { purpose, subject: { kind, reference: name } };
    case 'network':
    case 'volume':
      return { purpose, subject: { kind, name } };
    case 'files':
      return { purpose, subject: { kind, app: name } };
    default:
      return undefined;
  }
}
