/** A string of its own: a piece of another one keeps all of that in memory. */
export const alone = (text: string): string => Buffer.from(text).toString();
