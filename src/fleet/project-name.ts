/** Whether Docker Compose takes a text as the name of a project, as it is. Source: compose-go, loader/normalize.go. */
export const isProjectName = (name: string): boolean => /^[a-z0-9][a-z0-9_-]*$/.test(name);

export const PROJECT_NAME_HINT = 'use lower-case letters, digits, - and _, and begin with a letter or a digit';
