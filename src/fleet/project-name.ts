/** True when Docker Compose accepts a text as the name of a project without changes. Source: compose-go, loader/normalize.go. */
export const isProjectName = (name: string): boolean => /^[a-z0-9][a-z0-9_-]*$/.test(name);

export const PROJECT_NAME_HINT = 'use only lower-case letters, digits, - and _, and begin with a letter or a digit';
