import fc from 'fast-check';

/**
 * Properties are tried with the same values each time, so that a red run speaks of the change and not of chance. Others are tried with
 * `HOLDFAST_PROPERTY_SEED=NUMBER`, or `random`, as the long run does.
 */
const asked = process.env.HOLDFAST_PROPERTY_SEED ?? '1';
if (asked !== 'random') fc.configureGlobal({ ...fc.readConfigureGlobal(), seed: Number(asked) });
