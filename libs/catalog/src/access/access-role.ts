/** What a caller may do, each including those before it. */
export const ACCESS_ROLES = ['viewer', 'operator', 'editor', 'admin'] as const;

export type AccessRole = (typeof ACCESS_ROLES)[number];

/** May somebody with `role` do what needs `needed`? */
export const includesRole = (role: AccessRole, needed: AccessRole): boolean =>
  ACCESS_ROLES.indexOf(role) >= ACCESS_ROLES.indexOf(needed);
