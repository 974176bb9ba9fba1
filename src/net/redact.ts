/** The text with user and password taken out of every URL in it. Everything that is logged or thrown about a remote goes through here. */
export function redact(text: string): string {
  return text.replace(/\b([a-z][a-z0-9+.-]{0,30}:\/\/)[^\s/?#"'<>]*@/gi, '$1');
}
