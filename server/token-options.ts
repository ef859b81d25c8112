// The operator's settings as the token service takes them.
import type { ServerSettings } from "./settings.ts"
import type { TokenServiceOptions } from "./tokens/index.ts"

/** The token service asks for the lifetime each time it makes a token. */
export function tokenOptions({ tokens = {} }: ServerSettings): Omit<Partial<TokenServiceOptions>, "collections"> {
  const { refreshTokenSeconds, ...others } = tokens
  return { ...others, ...(refreshTokenSeconds === undefined ? {} : { refreshTokenSeconds: () => refreshTokenSeconds }) }
}
