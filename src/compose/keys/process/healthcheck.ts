import { present } from '../../../container/present.ts';
import type { HealthcheckSpec } from '../../../model/spec.ts';
import { type Decoder, duration, flag, integer, list, map, text } from '../decode.ts';
import { type Decoded, record } from '../record.ts';

/** The test command: a string runs in a shell, a list begins with the way to run it. */
const test: Decoder<string[]> = (node, report) => {
  if (node.kind !== 'sequence') return map(text, (line) => ['CMD-SHELL', line])(node, report);
  const words = list(text)(node, report);
  if (!words || words.length === 0) return words;
  return ['NONE', 'CMD', 'CMD-SHELL'].includes(words[0] ?? '')
    ? words
    : report.error(node, 'a list as a healthcheck test must begin with CMD, CMD-SHELL or NONE');
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

/** Reads `healthcheck`. The image gives all settings that are absent. */
export const healthcheck: Decoder<Healthcheck> = map(record('healthcheck', KEYS), (check, node, report) =>
  check.start_interval !== undefined && check.start_period === undefined
    ? report.error(node, 'healthcheck.start_interval needs healthcheck.start_period')
    : check,
);

/** A healthcheck in the engine's words. */
export function healthcheckSpec(check: Healthcheck): HealthcheckSpec {
  const Test = isDisabled(check) ? ['NONE'] : check.test;
  // Zero means the engine's default.
  return present({
    Test,
    Interval: check.interval,
    Timeout: check.timeout,
    StartPeriod: check.start_period,
    StartInterval: check.start_interval,
    Retries: check.retries,
  });
}

/** True when a healthcheck is switched off. */
export function isDisabled(check: Healthcheck | undefined): boolean {
  return check?.disable === true || check?.test?.[0] === 'NONE';
}
