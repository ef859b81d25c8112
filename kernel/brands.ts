declare const brand: unique symbol

/** A type that only the named module mints: `Brand<string, "UserId">` is a string that was checked. */
export type Brand<Base, Name extends string> = Base & { readonly [brand]: Name }
