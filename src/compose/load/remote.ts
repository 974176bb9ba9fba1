/** Whether Docker Compose would fetch what a path names: from a Git server or a registry. */
export function isRemote(path: string): boolean {
  return /^(oci|https?|git|ssh):\/\/|^git@|^github\.com\//.test(path);
}
