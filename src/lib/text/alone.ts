/** A copy of a string. A slice of a longer string would keep all of that string in memory. */
export const alone = (text: string): string => Buffer.from(text).toString();
