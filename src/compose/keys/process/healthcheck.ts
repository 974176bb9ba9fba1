import type { HealthcheckSpec } from '../../../model/spec.ts';
import { type Decoded, type Decoder, duration, flag, integer, list, map, record, text } from '../decode.ts';

/** A string runs in a shell; a list says itself how it runs. */
const test: Decoder<string[]> = (node, report) => {
  if (node.kind !== 'sequence') return map(text, (line) => ['CMD-SHELL', line])(node, report);
  const words = list(text)(node, report);
  if (!words || words.length === 0) return words;
  return ['NONE', 'CMD', 'CMD-SHELL'].includes(words[0] ?? '')
    ? words
    : report.error(node, 'a healthcheck test that is a list must begin with CMD, CMD-SHELL or NONE');
};

const KEYS = {
  test,
  interval: duration,
  timeout: duration,
  start_period: duration,
  start_interval: duration,
  retries: integer(0),
  disable: flag,
};

export type Healthcheck = Decoded<typeof KEYS>;

/** `healthcheck`; what it does not say is the image's. */
export const healthcheck: Decoder<Healthcheck> = map(record('healthcheck', KEYS), (check, node, report) =>
  check.start_interval !== undefined && check.start_period === undefined
    ? report.error(node, 'healthcheck.start_interval needs healthcheck.start_period')
    : check,
);

/** The same in the engine's words. */
export function healthcheckSpec(check: Healthcheck): HealthcheckSpec {
  const Test = isDisabled(check) ? ['NONE'] : check.test;
  return {
    ...(Test?.length && { Test }),
    // Zero is the engine's way to say the default.
    ...(check.interval && { Interval: check.interval }),
    ...(check.timeout && { Timeout: check.timeout }),
    ...(check.start_period && { StartPeriod: check.start_period }),
    ...(check.start_interval && { StartInterval: check.start_interval }),
    ...(check.retries && { Retries: check.retries }),
  };
}

/** Whether it says that there is nothing to check. */
export function isDisabled(check: Healthcheck | undefined): boolean {
  return check?.disable === true || check?.test?.[0] === 'NONE';
}
